-- The nearest pictures to a vector among those that pass a filter: what every search stands on. It counts the
-- candidates up to a bound: few enough are compared one by one (exact); more are walked through the HNSW index until
-- enough have passed the filter; and a walk that comes back short is finished exactly, so no row is ever lost.
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql._nearest(
    query vector, max_results integer, filter clipsql._filter, chosen clipsql.model)
returns table (image_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
set search_path from current
-- These clauses make PostgreSQL put the caller's values back; the body sets what an index walk needs.
set hnsw.iterative_scan = relaxed_order
set hnsw.ef_search = 100
set enable_seqscan = on
set enable_sort = on
as $$
#variable_conflict use_column
declare
    -- Comparing one vector costs about 2.7 us, an index walk 1 to 5 ms and more under a filter.
    exact_limit constant integer := 10000;
    direction constant vector := l2_normalize(query);  -- long vectors would overflow halfvec
    candidates constant text := format(
        'from clipsql.image_embedding as e join clipsql.image as i on i.image_id = e.image_id where e.model_id = %s%s',
        chosen.model_id, ' and ' || nullif(clipsql._conditions(filter), ''));
    distance_to constant text := format('e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)', chosen.dimensions);
    gathered constant text := 'select array_agg(h.image_id order by h.distance, h.image_id),
        array_agg(h.distance order by h.distance, h.image_id) from ';
    ids bigint[];
    distances double precision[];
    candidate_count bigint := exact_limit + 1;
begin
    if clipsql._index_is_usable(chosen.model_id) then
        execute format('select count(*) from (select %s limit %s) as counted', candidates, exact_limit + 1)
            into candidate_count using filter, direction;
        if candidate_count > exact_limit then
            perform set_config('hnsw.ef_search', least(1000, greatest(100, max_results))::text, true);
            perform set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
            execute format('%s (select e.image_id, %s as distance %s order by %s limit $3) as h',
                    gathered, distance_to, candidates, distance_to)
                into ids, distances using filter, direction, max_results;
            perform set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true);
        end if;
    end if;
    if coalesce(cardinality(ids), 0) < max_results then
        -- materialized: the planner must not turn this into an index walk.
        execute format(
                'with candidate as materialized (select e.image_id, %s as distance %s)
                %s (select c.image_id, c.distance from candidate as c order by c.distance, c.image_id limit $3) as h',
                distance_to, candidates, gathered)
            into ids, distances using filter, direction, max_results;
    end if;
    return query select * from unnest(ids, distances);
end;
$$;

comment on function clipsql._nearest(vector, integer, clipsql._filter, clipsql.model) is
    'Nearest pictures among those that pass the filter, with their cosine distance; complete whenever enough match.';
