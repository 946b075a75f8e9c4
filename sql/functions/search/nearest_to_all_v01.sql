-- The pictures nearest to several vectors at once: each counts as far as the vector that it is least like, so what
-- lacks one of them is not found. The index serves one vector at a time: each has its list, nearest first, and a picture
-- in none of them is at least as far as the longest list reaches. Once enough pictures are nearer than that, the answer
-- is right (the threshold algorithm: Fagin, Lotem and Naor 2001). Where that takes longer, all matches are compared.
-- parallel unsafe: it sets scan options.
create or replace function clipsql_private.nearest_to_all(
    directions vector[], max_results integer, filter clipsql_private.search_filter, chosen clipsql.model,
    out ids bigint[], out distances double precision[], out coded clipsql_private.query_code)
language plpgsql stable parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
-- As in compare_all.
set enable_seqscan = on
set enable_indexscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
as $$
declare
    halves constant halfvec[] := array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction));
    search_ms constant double precision := 1;  -- of a search, whatever it compares
    conditions text;
    strategy clipsql_private.search_strategy;
    rows_per_match double precision;
    statement constant text :=
        'select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
         from (select e.image_id, ' || clipsql_private.farthest_distance(cardinality(directions)) || ' as distance
               %s order by distance, image_id limit $3) as n';
    depth double precision := 10 * greatest(max_results, 10);
    one record;
    met bigint[];
    frontier double precision;
    passed bigint;
begin
    if cardinality(directions) = 1 then
        one := clipsql_private.nearest(directions[1], max_results, filter, chosen);
        ids := one.ids;
        distances := one.distances;
        coded := one.coded;
        return;
    end if;
    conditions := clipsql_private.effective_conditions(filter);
    strategy := clipsql_private.choose_strategy(directions[1], max_results, conditions, filter, chosen);
    rows_per_match := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    while cardinality(directions) * (search_ms + least(strategy.compare_ms, case when strategy.walks then strategy.step_ms
            * clipsql_private.walk_length(depth * rows_per_match, strategy.ef_search, strategy.total_rows) end))
            < strategy.whole_ms loop
        select array_agg(distinct n.image_id), max(n.distance), count(*)
        into met, frontier, passed
        from unnest(directions) as d(direction)
        cross join lateral clipsql_private.nearest(d.direction, depth::integer, filter, chosen) as each
        cross join lateral unnest(each.ids, each.distances) as n(image_id, distance);

        execute format(statement, format(
                'from clipsql.image_embedding as e where e.model_id = %s and e.image_id = any ($1)', chosen.model_id))
            into ids, distances using met, halves, max_results;
        if distances[max_results] < frontier or passed < depth * cardinality(directions) then
            return;
        end if;
        depth := 4 * depth;
    end loop;
    execute format(statement, clipsql_private.candidates(conditions, chosen))
        into ids, distances using filter, halves, max_results;
end;
$$;

comment on function clipsql_private.nearest_to_all(vector[], integer, clipsql_private.search_filter, clipsql.model) is
    'Nearest matches by the largest of their distances to several vectors.';
