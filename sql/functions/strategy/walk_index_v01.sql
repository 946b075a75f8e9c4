-- The nearest matches that an HNSW walk finds. A walk of some width gives the nearest rows that it met. It is trusted when
-- they reach clearly beyond the last wanted match, or far enough for an index to be right about it; otherwise a wider one
-- is begun, unless that would take longer than to compare all matches: they lie far from the query then. Null instead of
-- rows when it gave up. One walk of a width finds far more than small steps to the same width (docs/filtered-search.md).
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql_private.walk_index(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter,
    chosen clipsql.model, strategy clipsql_private.search_strategy,
    out ids bigint[], out distances double precision[], out walked integer)
language plpgsql stable parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
-- These clauses make PostgreSQL put the caller's values back; the body sets what depends on the query.
set hnsw.iterative_scan = off
set hnsw.ef_search = 400
set hnsw.max_scan_tuples = 2147483647
set hnsw.scan_mem_multiplier = 1
set enable_seqscan = off
set enable_indexscan = on
set enable_incremental_sort = on
set enable_nestloop = on
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
    widest_step constant integer := 1000;    -- what pgvector allows; beyond it a walk goes on in steps
    longest_walk constant integer := 20000;  -- what this memory holds
    walk_memory constant double precision := 256 * 1024 * 1024;  -- used only as far as a walk gets
    -- How much farther rows must be for a walk to be past its goal: pictures have neighbours so much nearer than the
    -- rest that their walks are short, texts have not (docs/filtered-search.md).
    clearance constant double precision := 1.1;
    -- The rows among which one match is expected.
    expected_gap constant double precision := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    width integer := least(longest_walk, strategy.width);
    -- From so wide a walk on every match up to the last wanted one is expected to be met, and met in order.
    wide constant double precision := floor(clipsql_private.walk_length(
        max_results * expected_gap, strategy.ef_search, strategy.total_rows));
    -- What a walk fetches, looking up whether a picture passes where something narrows the search down.
    met constant text := format(
        '(select t.image_id, t.distance, row_number() over (order by t.distance %%s, t.image_id) as place
          from (select e.image_id, e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s) as distance
                from clipsql.image_embedding as e where e.model_id = %2$s
                order by e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)
                limit $3) as t) as w', chosen.dimensions, chosen.model_id);
    passing constant text := case when conditions = '' then 'cross join (values (true)) as p(passes)' else format(
        'left join lateral (
             select true as passes
             -- offset 0: the picture is looked up by its id; no condition may take the place of that.
             from (select s.* from %s as s where s.image_id = w.image_id offset 0) as i
             where %s
         ) as p on true',
        case when strategy.coded is not null and clipsql_private.is_narrow(filter)
            then format('clipsql_private.search_row_%s', (strategy.coded).basis_id)
            else clipsql_private.visible_images() end,
        conditions) end;
    sorting text;
    passed integer;
    depth integer;
    farthest double precision;
begin
    walked := 0;
    loop
        -- A walk that goes on in steps is not in order, whatever the planner thinks: plus zero, and it sorts.
        sorting := case when width > widest_step then '+ 0.0' else '' end;
        perform
            set_config('hnsw.ef_search', least(widest_step, greatest(width, 10))::text, true),
            set_config('hnsw.iterative_scan', case when width > widest_step then 'relaxed_order' else 'off' end, true),
            set_config('hnsw.scan_mem_multiplier', case when width > widest_step then least(1000, greatest(1,
                walk_memory / pg_size_bytes(current_setting('work_mem')))) else 1 end::text, true);
        if width >= wide and (conditions = '' or width <= widest_step) then
            -- No more is fetched than is wanted.
            execute format(
                'select array_agg(n.image_id order by n.place), array_agg(n.distance order by n.place),
                        case when count(*) = $4 then max(n.place) end, max(n.distance)
                 from (select w.* from %s %s where p.passes limit $4) as n', format(met, sorting), passing)
                into ids, distances, depth, farthest
                using filter, query, case when conditions = '' then max_results else width end, max_results;
            passed := width;
        else
            execute format(
                'select array_agg(w.image_id order by w.place) filter (where p.passes),
                        array_agg(w.distance order by w.place) filter (where p.passes),
                        (array_agg(w.place order by w.place) filter (where p.passes))[$4], max(w.distance), count(*)
                 from %s %s', format(met, sorting), passing)
                into ids, distances, depth, farthest, passed using filter, query, width, max_results;
        end if;
        walked := walked + passed;
        -- Rows that were deleted are walked, too, but not passed.
        exit when depth is not null and (
            passed >= 0.9 * clipsql_private.walk_length(depth, strategy.ef_search, strategy.total_rows)
            or (farthest > clearance * distances[max_results] and passed >= 1.5 * depth + 45));
        width := greatest(2 * width, least(longest_walk + 1, ceil(clipsql_private.walk_length(
            -- One match more than were met, in a gap more than was walked: an estimate that chance rarely fools.
            max_results * (passed + expected_gap) / (coalesce(cardinality(ids), 0) + 1),
            strategy.ef_search, strategy.total_rows))));
        -- As for the first one: a walk must promise to take under two thirds of the time.
        if width > longest_walk or 1.5 * (walked + width) * strategy.step_ms > strategy.compare_ms then
            ids := null;
            distances := null;
            return;
        end if;
    end loop;
end;
$$;

comment on function clipsql_private.walk_index(vector, integer, text, clipsql_private.search_filter, clipsql.model, clipsql_private.search_strategy) is
    'Nearest matches found by walking the HNSW index, nearest first; null when the walk cannot be trusted.';
