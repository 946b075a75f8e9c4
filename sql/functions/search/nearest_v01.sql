-- The nearest pictures to a vector among those that pass a filter: what every search stands on. Few matches are
-- compared one by one; many are looked for in the HNSW index; and where that cannot find enough, or not the right
-- ones, all matches are compared after all. So no row is ever lost.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.nearest(
    query vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model)
returns table (image_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    direction constant vector := l2_normalize(query);  -- long vectors would overflow halfvec
    conditions constant text := clipsql_private.effective_conditions(filter);
    ids bigint[];
    distances double precision[];
begin
    select w.ids, w.distances into ids, distances
    from clipsql_private.choose_and_walk(direction, max_results, conditions, filter, chosen) as w;
    if ids is null then
        select a.ids, a.distances into ids, distances
        from clipsql_private.compare_all(direction, max_results, conditions, filter, chosen) as a;
    end if;
    return query
        select h.image_id, h.distance
        from unnest(ids, distances) as h(image_id, distance)
        order by h.distance, h.image_id
        limit max_results;
end;
$$;

comment on function clipsql_private.nearest(vector, integer, clipsql_private.search_filter, clipsql.model) is
    'Nearest pictures among those that pass the filter, with their cosine distance; complete whenever enough match.';
