-- The captions nearest to a vector, of pictures that pass a filter: without a filter through their HNSW index, with one
-- by comparing all that pass, which is exact.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.nearest_captions(
    query vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model)
returns table (caption_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
set search_path from current
set gin_fuzzy_search_limit = 0
set jit = off
as $$
#variable_conflict use_column
declare
    longest_walk constant integer := 10000;
    direction constant vector := l2_normalize(query);  -- long vectors would overflow halfvec
    conditions constant text := clipsql_private.effective_conditions(filter);
    ids bigint[];
    distances double precision[];
begin
    if conditions = '' and max_results <= longest_walk
            and clipsql_private.index_is_usable(chosen.model_id, 'caption_embedding') then
        select w.ids, w.distances into ids, distances
        from clipsql_private.walk_parts('caption', direction, max_results, chosen) as w;
    end if;
    if coalesce(cardinality(ids), 0) < max_results then
        execute format(
                -- Plus zero: no index has this order, so the planner cannot answer with an index walk.
                'select array_agg(n.caption_id), array_agg(n.distance) from (
                     select e.caption_id, (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
                     from clipsql.caption_embedding as e %2$s where e.model_id = %3$s %4$s
                     order by distance, caption_id limit $3
                 ) as n',
                chosen.dimensions,
                case when conditions <> '' then
                    format(
                        'join clipsql.caption as t on t.caption_id = e.caption_id join %s as i on i.image_id = t.image_id',
                        clipsql_private.visible_images()) end,
                chosen.model_id,
                'and ' || nullif(conditions, ''))
            into ids, distances using filter, direction, max_results;
    end if;
    return query
        select n.caption_id, n.distance
        from unnest(ids, distances) as n(caption_id, distance)
        order by n.distance, n.caption_id
        limit max_results;
end;
$$;

comment on function clipsql_private.nearest_captions(vector, integer, clipsql_private.search_filter, clipsql.model) is
    'Nearest captions of pictures that pass the filter, with their cosine distance; complete whenever enough match.';
