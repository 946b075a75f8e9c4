-- The pictures nearest to several vectors at once: each counts as far as the vector that it is least like, so what
-- lacks one of them is not found. The index serves one vector at a time: each has its list, nearest first, and a picture
-- in none of them is at least as far as the longest list reaches. Once enough pictures are nearer than that, the answer
-- is right (the threshold algorithm: Fagin, Lotem and Naor 2001). Where that takes longer, all matches are compared.
-- parallel unsafe: it sets scan options.
create or replace function clipsql_private.nearest_to_all(
    directions vector[], max_results integer, filter clipsql_private.search_filter, chosen clipsql.model)
returns table (image_id bigint, distance double precision)
language plpgsql stable parallel unsafe rows 10
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
#variable_conflict use_column
declare
    halves constant halfvec[] := array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction));
    conditions text;
    strategy clipsql_private.search_strategy;
    rows_per_match double precision;
    statement constant text := 'select e.image_id, ' || clipsql_private.farthest_distance(cardinality(directions)) || ' as distance '
        || ' %s order by distance, image_id limit $3';
    depth double precision := 10 * greatest(max_results, 10);
    ids bigint[];
    distances double precision[];
    frontier double precision;
    passed bigint;
begin
    if cardinality(directions) = 1 then
        return query select n.* from clipsql_private.nearest(directions[1], max_results, filter, chosen) as n;
        return;
    end if;
    conditions := clipsql_private.effective_conditions(filter);
    strategy := clipsql_private.choose_strategy(max_results, conditions, filter, chosen);
    rows_per_match := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    while strategy.walks and cardinality(directions) * strategy.step_ms
            * clipsql_private.walk_length(depth * rows_per_match, strategy.ef_search, strategy.total_rows) < strategy.exact_ms loop
        select array_agg(distinct n.image_id), max(n.distance), count(*)
        into ids, frontier, passed
        from unnest(directions) as d(direction)
        cross join lateral clipsql_private.nearest(d.direction, depth::integer, filter, chosen) as n;

        execute format(
                'select array_agg(n.image_id), array_agg(n.distance) from (%s) as n',
                format(statement, format(
                    'from clipsql.image_embedding as e where e.model_id = %s and e.image_id = any ($1)', chosen.model_id)))
            into ids, distances using ids, halves, max_results;
        if distances[max_results] < frontier or passed < depth * cardinality(directions) then
            return query select * from unnest(ids, distances);
            return;
        end if;
        depth := 4 * depth;
    end loop;
    return query execute format(statement, clipsql_private.candidates(conditions, chosen))
        using filter, halves, max_results;
end;
$$;

comment on function clipsql_private.nearest_to_all(vector[], integer, clipsql_private.search_filter, clipsql.model) is
    'Nearest matches by the largest of their distances to several vectors.';
