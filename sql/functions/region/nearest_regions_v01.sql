-- The pictures whose nearest region is nearest to a vector: without a filter through the HNSW index of the regions, ever deeper
-- until enough pictures were met, with one by comparing all regions that pass, which is exact.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.nearest_regions(
    query vector, max_results integer, filter clipsql_private.search_filter, having_label text, chosen clipsql.model)
returns table (region_id bigint, image_id bigint, distance double precision)
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
    depth integer := least(longest_walk, 4 * max_results::bigint + 20);
    ids bigint[];
    images bigint[];
    distances double precision[];
    passed integer;
    frontier double precision;
begin
    if conditions = '' and having_label is null and max_results <= longest_walk
            and clipsql_private.index_is_usable(chosen.model_id, 'region_embedding') then
        loop
            with walked as (
                select w.region_id, w.distance
                from clipsql_private.walk_parts('region', direction, depth, chosen) as f
                cross join lateral unnest(f.ids, f.distances) as w(region_id, distance)
                order by w.distance, w.region_id
                limit depth
            ), best as (
                select distinct on (r.image_id) r.region_id, r.image_id, w.distance
                from walked as w
                join clipsql.image_region as r on r.region_id = w.region_id
                order by r.image_id, w.distance, r.region_id
            )
            select
                array_agg(b.region_id order by b.distance, b.image_id), array_agg(b.image_id order by b.distance, b.image_id),
                array_agg(b.distance order by b.distance, b.image_id), (select count(*) from walked),
                (select max(w.distance) from walked as w)
            into ids, images, distances, passed, frontier
            from best as b;
            -- As far as the walk came there may be more that are just as far, of pictures that come first.
            exit when distances[max_results] < frontier or passed < depth;
            if depth = longest_walk then
                ids := null;
                exit;
            end if;
            depth := least(longest_walk, 4 * depth);
        end loop;
    end if;
    if coalesce(cardinality(ids), 0) < max_results then
        execute format(
                -- Plus zero: no index has this order, so the planner cannot answer with an index walk.
                'select array_agg(n.region_id), array_agg(n.image_id), array_agg(n.distance) from (
                     select b.region_id, b.image_id, b.distance from (
                         select distinct on (e.image_id) e.region_id, e.image_id,
                             (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
                         from clipsql.region_embedding as e %2$s where e.model_id = %3$s %4$s %5$s
                         order by e.image_id, distance, e.region_id
                     ) as b
                     order by b.distance, b.image_id limit $3
                 ) as n',
                chosen.dimensions,
                case when conditions <> '' then
                    format('join %s as i on i.image_id = e.image_id', clipsql_private.visible_images()) end,
                chosen.model_id,
                'and ' || nullif(conditions, ''),
                case when having_label is not null then
                    'and exists (select from clipsql.image_region as r where r.region_id = e.region_id and r.label = $4)' end)
            into ids, images, distances using filter, direction, max_results, having_label;
    end if;
    return query
        select n.region_id, n.image_id, n.distance
        from unnest(ids, images, distances) as n(region_id, image_id, distance)
        order by n.distance, n.image_id
        limit max_results;
end;
$$;

comment on function clipsql_private.nearest_regions(vector, integer, clipsql_private.search_filter, text, clipsql.model) is
    'Pictures by their nearest region to a vector, with its cosine distance; complete whenever enough match.';
