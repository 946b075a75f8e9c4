-- What becomes of searches when one model takes the place of another. Without queries: what one's watches look for, and
-- captions whose picture is known, one of a picture and spread over all that both models know: how often a model finds the
-- picture by its caption tells how good it is, and not only how different.
create or replace function clipsql.compare_models(
    old text, new text, queries text[] default null, max_results integer default 10)
returns setof clipsql.comparison_result
language plpgsql stable parallel unsafe rows 100
set search_path from current
as $$
#variable_conflict use_column
declare
    most_captions constant integer := 200;
    most_results constant integer := 100;
    persistence constant double precision := 0.9;  -- the first ten count for two thirds
    chosen_old constant clipsql.model := clipsql_private.resolve_model(compare_models.old);
    chosen_new constant clipsql.model := clipsql_private.resolve_model(compare_models.new);
    asked record;
    compared clipsql.comparison_result;
begin
    perform clipsql_private.check_most('queries', cardinality(queries), 'queries');
    perform clipsql_private.check_limits(max_results => compare_models.max_results, min_similarity => null);
    if compare_models.max_results > most_results then
        raise exception using errcode = 'CQ004', message = format(
            'max_results must be %s or less where models are compared, not %s.', most_results, compare_models.max_results);
    end if;
    perform clipsql_private.check_text(q.body) from unnest(queries) as q(body);
    for asked in
        select q.body, null::bigint as image_id, null::bigint as caption_id, false as has_terms
        from unnest(queries) as q(body)
        union all
        select w.query, null, null, true
        from (
            select w.query from clipsql.watch_list as w
            where queries is null and w.query is not null and clipsql_private.owns(w.owner)
            order by w.watch_id
            limit clipsql_private.most('queries')
        ) as w
        union all
        select c.body, c.image_id, c.caption_id, false
        from (
            select distinct on (hashint8(c.image_id), c.image_id) c.body, c.image_id, c.caption_id
            from clipsql.caption as c
            where queries is null
                and exists (
                    select from clipsql.caption_embedding as e
                    where e.caption_id = c.caption_id and e.model_id = chosen_old.model_id)
                and exists (
                    select from clipsql.caption_embedding as e
                    where e.caption_id = c.caption_id and e.model_id = chosen_new.model_id)
                and exists (
                    select from clipsql.image_embedding as e
                    where e.image_id = c.image_id and e.model_id = chosen_old.model_id)
                and exists (
                    select from clipsql.image_embedding as e
                    where e.image_id = c.image_id and e.model_id = chosen_new.model_id)
            order by hashint8(c.image_id), c.image_id, c.caption_id
            limit most_captions
        ) as c
    loop
        compared.query := asked.body;
        compared.image_id := asked.image_id;
        compared.old_images := clipsql_private.found_images(
            asked.body, asked.caption_id, asked.has_terms, compare_models.max_results, chosen_old);
        compared.new_images := clipsql_private.found_images(
            asked.body, asked.caption_id, asked.has_terms, compare_models.max_results, chosen_new);
        compared.overlap := (
            select count(*)::double precision from unnest(compared.old_images) as o(found) where o.found = any (compared.new_images)
        ) / nullif(greatest(cardinality(compared.old_images), cardinality(compared.new_images)), 0);
        compared.rank_biased_overlap := clipsql_private.rank_biased_overlap(compared.old_images, compared.new_images, persistence);
        return next compared;
    end loop;
end;
$$;

comment on function clipsql.compare_models(text, text, text[], integer) is
    'What becomes of searches under another model: of each query the share of results in common, rank-biased overlap, and the'
    ' image_ids that each model finds, nearest first. queries: at most 50; default: what your watches look for, and up to 200'
    ' captions, whose picture is image_id. A null model is the default one; max_results: at most 100, not 100000 as in a search.';
