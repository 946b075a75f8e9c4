-- The nearest pictures of which no two are nearly the same: of each group of near-identical ones the nearest stays. It
-- looks deeper until enough are found, there are no more, or they are farther than wanted.
create or replace function clipsql_private.nearest_distinct(
    directions vector[], max_results integer, filter clipsql_private.search_filter, distinct_above double precision,
    farthest double precision, chosen clipsql.model, out ids bigint[], out distances double precision[],
    out coded clipsql_private.query_code)
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    depth bigint := max_results;
    found record;
    kept bigint[];
begin
    loop
        depth := least(2 * depth + 20, 2147483647);
        found := clipsql_private.nearest_to_all(directions, depth::integer, filter, chosen);
        ids := found.ids;
        distances := found.distances;
        coded := found.coded;
        kept := clipsql_private.distinct_images(ids, distinct_above, max_results, chosen);
        exit when cardinality(kept) = max_results or coalesce(cardinality(ids), 0) < depth
            or distances[cardinality(distances)] > farthest;
    end loop;
    select array_agg(n.image_id order by n.place), array_agg(n.distance order by n.place)
    into ids, distances
    from unnest(ids, distances) with ordinality as n(image_id, distance, place)
    where n.image_id = any (kept);
end;
$$;

comment on function clipsql_private.nearest_distinct(vector[], integer, clipsql_private.search_filter, double precision, double precision, clipsql.model) is
    'Nearest matches, of each group of near-identical ones only the nearest.';
