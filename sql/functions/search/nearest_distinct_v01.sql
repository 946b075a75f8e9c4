-- The nearest pictures of which no two are nearly the same: of each group of near-identical ones the nearest stays. It
-- looks deeper until enough are found, there are no more, or they are farther than wanted.
create or replace function clipsql_private.nearest_distinct(
    directions vector[], max_results integer, filter clipsql_private.search_filter, distinct_above double precision,
    farthest double precision, chosen clipsql.model)
returns table (image_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    depth bigint := max_results;
    ids bigint[];
    distances double precision[];
    kept bigint[];
begin
    loop
        depth := least(2 * depth + 20, 2147483647);
        select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
        into ids, distances
        from clipsql_private.nearest_to_all(directions, depth::integer, filter, chosen) as n;
        kept := clipsql_private.distinct_images(ids, distinct_above, max_results, chosen);
        exit when cardinality(kept) = max_results or coalesce(cardinality(ids), 0) < depth
            or distances[cardinality(distances)] > farthest;
    end loop;
    return query
        select n.image_id, n.distance
        from unnest(ids, distances) as n(image_id, distance)
        where n.image_id = any (kept)
        order by n.distance, n.image_id;
end;
$$;

comment on function clipsql_private.nearest_distinct(vector[], integer, clipsql_private.search_filter, double precision, double precision, clipsql.model) is
    'Nearest matches, of each group of near-identical ones only the nearest.';
