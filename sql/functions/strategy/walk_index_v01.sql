-- The nearest matches that an HNSW walk finds. It goes on until the rows that it passes are clearly farther away than
-- the last wanted match, or until it has passed enough rows to be trusted. It gives up when at the rate at which it
-- meets matches that would take longer than to compare them all: they lie far from the query then. Null instead of rows
-- when it gave up, or the index ran out of rows.
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql_private.walk_index(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter,
    chosen clipsql.model, strategy clipsql_private.search_strategy,
    out ids bigint[], out distances double precision[], out walked integer)
language plpgsql stable parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
-- These clauses make PostgreSQL put the caller's values back; the body sets what depends on the query.
set hnsw.iterative_scan = relaxed_order
set hnsw.ef_search = 50
set hnsw.max_scan_tuples = 2147483647
set hnsw.scan_mem_multiplier = 1
set enable_seqscan = off
set enable_sort = off
set enable_indexscan = on
set enable_nestloop = on
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
    -- A walk in small steps finds the same rows in the same time as one in large steps, and ends nearer to its goal.
    step_size constant integer := 50;
    longest_walk constant integer := 20000;  -- what this memory holds
    walk_memory constant double precision := 256 * 1024 * 1024;  -- used only as far as a walk gets
    -- How much farther rows must be for a walk to be past its goal: pictures have neighbours so much nearer than the
    -- rest that their walks are short, texts have not (docs/filtered-search.md).
    clearance constant double precision := 1.25;
    -- The rows among which one match is expected.
    expected_gap constant double precision := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    step record;
    found_rows integer := 0;
    enough double precision := 'Infinity';
    beyond double precision := 'Infinity';
    is_trusted boolean := false;
begin
    perform
        set_config('hnsw.ef_search', step_size::text, true),
        set_config('hnsw.scan_mem_multiplier', least(1000, greatest(1,
            walk_memory / pg_size_bytes(current_setting('work_mem'))))::text, true);
    walked := 0;
    for step in execute format(
        'select w.image_id, w.distance, p.passes
         from (select e.image_id, e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s) as distance
               from clipsql.image_embedding as e where e.model_id = %2$s
               order by e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) as w %3$s',
        chosen.dimensions, chosen.model_id,
        case when conditions = '' then 'cross join (values (true)) as p(passes)' else format(
            'left join lateral (
                 select true as passes
                 -- offset 0: the picture is looked up by its id; no condition may take the place of that.
                 from (select s.* from %s as s where s.image_id = w.image_id offset 0) as i
                 where %s
             ) as p on true', clipsql_private.visible_images(), conditions) end) using filter, query
    loop
        walked := walked + 1;
        if step.passes then
            found_rows := found_rows + 1;
            ids[found_rows] := step.image_id;
            distances[found_rows] := step.distance;
            if found_rows = max_results then
                enough := clipsql_private.walk_length(walked, strategy.ef_search, strategy.total_rows);
                beyond := clearance * (select max(d.distance) from unnest(distances) as d(distance));
            end if;
        end if;
        is_trusted := walked >= enough or step.distance > beyond;
        exit when is_trusted or walked >= longest_walk;
        -- One match more than were met, in a gap more than was walked: an estimate that chance rarely fools.
        exit when walked % step_size = 0 and found_rows < max_results
            and strategy.exact_ms < strategy.step_ms * (clipsql_private.walk_length(
                max_results * (walked + expected_gap) / (found_rows + 1), strategy.ef_search, strategy.total_rows)
                - walked);
    end loop;

    if not is_trusted then
        ids := null;
        distances := null;
    end if;
end;
$$;

comment on function clipsql_private.walk_index(vector, integer, text, clipsql_private.search_filter, clipsql.model, clipsql_private.search_strategy) is
    'Nearest matches found by walking the HNSW index, in no order; null when the walk cannot be trusted.';
