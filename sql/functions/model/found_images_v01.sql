-- What a query finds under a model, nearest first: by the stored vector of a caption, by terms as a watch has them, or as a text.
create or replace function clipsql_private.found_images(
    query text, of_caption bigint, has_terms boolean, max_results integer, chosen clipsql.model)
returns bigint[]
language plpgsql stable parallel unsafe
set search_path from current
as $$
begin
    if of_caption is not null then
        return array(
            select s.image_id
            from clipsql.caption_embedding as e
            cross join lateral clipsql.search(
                query => e.embedding::vector, max_results => found_images.max_results, model => chosen.name) as s
            where e.caption_id = of_caption and e.model_id = chosen.model_id
            order by s.rank);
    elsif has_terms then
        return array(
            select s.image_id
            from clipsql.search_query(query => found_images.query, max_results => found_images.max_results, model => chosen.name) as s
            order by s.rank);
    end if;
    return array(
        select s.image_id
        from clipsql.search_text(query => found_images.query, max_results => found_images.max_results, model => chosen.name) as s
        order by s.rank);
end;
$$;

comment on function clipsql_private.found_images(text, bigint, boolean, integer, clipsql.model) is
    'image_ids that a query finds under a model, nearest first.';
