-- How a search is answered best: by comparing every match with the query, which is exact and costs time for each match,
-- or by walking the HNSW index, which costs time for each row that it passes, matching or not.
create or replace function clipsql_private.choose_strategy(
    max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model)
returns clipsql_private.search_strategy
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    -- Measured with halfvec(512) on PostgreSQL 18 (docs/filtered-search.md); only their ratios decide.
    walk_us constant double precision := 4 + 20 * chosen.dimensions / 512.0;     -- a row passed in an index walk
    lookup_us constant double precision := 2.2 + 0.4 * chosen.dimensions / 512.0; -- a match fetched and compared
    scan_us constant double precision := 0.12;  -- a row of the table, when all are read
    join_us constant double precision := 0.9;   -- a match among them
    usual_ef_search constant integer := 400;    -- recall@10 of 0.95 for texts, 1.0 for pictures, in 200,000 rows
    sample_size constant integer := 100;
    -- A walk over this many rows shows whether matches lie near the query, and costs little beside a long comparison.
    probe_rows constant integer := 50;
    probe_cost constant double precision := 0.1;
    workers constant integer := current_setting('max_parallel_workers_per_gather');
    strategy clipsql_private.search_strategy;
    narrowing clipsql_private.search_filter := filter;
    most_matches double precision;
    share double precision := 1;
    needed double precision;
    is_plain boolean;
    is_restricted constant boolean := clipsql_private.is_restricted();
begin
    -- As the planner does it: the density that ANALYZE found, times the pages that there are now.
    select case when c.relpages > 0 and c.reltuples > 0
                then c.reltuples / c.relpages
                else 0.9 * current_setting('block_size')::integer / (2 * chosen.dimensions + 60) end
           * pg_relation_size(c.oid) / current_setting('block_size')::integer
    into strategy.total_rows
    from pg_catalog.pg_class as c
    where c.oid = to_regclass(clipsql_private.partition_name('image_embedding', chosen.model_id));
    strategy.total_rows := coalesce(strategy.total_rows, 0);
    strategy.ef_search := coalesce((
        select t.ef_search
        from clipsql_private.search_tuning as t
        where t.model_id = chosen.model_id and (t.collection = filter.in_collection or t.collection is null)
        order by t.collection nulls last
        limit 1), usual_ef_search * greatest(1, strategy.total_rows / 200000::double precision) ^ 0.43);  -- 800 in a million
    strategy.walks := false;
    most_matches := least(strategy.total_rows, cardinality(filter.only_images));
    strategy.likely_matches := most_matches;

    strategy.exact_ms := 0.001 * least(most_matches * lookup_us, strategy.total_rows * scan_us + most_matches * join_us);
    needed := clipsql_private.walk_length(max_results, strategy.ef_search, strategy.total_rows);

    if not clipsql_private.index_is_usable(chosen.model_id) then
        strategy.reason := 'the model has no usable index (run "clipsql index build"), so all are compared';
        return strategy;
    elsif strategy.exact_ms <= 0.001 * needed * walk_us then
        strategy.reason := 'so few are compared faster than an index is walked';
        return strategy;
    end if;

    narrowing.except_images := null;  -- takes away few rows
    is_plain := narrowing is null and not is_restricted;
    narrowing.only_images := null;
    if not is_plain then
        share := case
            when narrowing is null and not is_restricted then most_matches / strategy.total_rows
            else clipsql_private.sample_share(conditions, filter, sample_size) end;
        strategy.likely_matches := least(most_matches, share * strategy.total_rows);
        needed := clipsql_private.walk_length(max_results / greatest(share, 1e-9), strategy.ef_search, strategy.total_rows);
    end if;
    strategy.exact_ms := 0.001
        * least(strategy.likely_matches * lookup_us,
                strategy.total_rows * scan_us + strategy.likely_matches * join_us)
        -- Very long scans are shared among processes.
        / case when strategy.likely_matches > 100000 then 1 + 0.5 * least(workers, 4) else 1 end;
    strategy.step_ms := 0.001 * walk_us;
    strategy.walks := least(needed, probe_rows / probe_cost) * strategy.step_ms < strategy.exact_ms;
    strategy.reason := case
        when is_plain and strategy.walks then 'no filter narrows the search down, so the index is walked'
        when needed * strategy.step_ms < strategy.exact_ms then
            'so many match that an index walk meets enough of them soon'
        when strategy.walks then 'an index walk begins, in case they lie near the query'
        else 'comparing them all is faster than an index walk' end;
    return strategy;
end;
$$;

comment on function clipsql_private.choose_strategy(integer, text, clipsql_private.search_filter, clipsql.model) is
    'Whether a search compares all matches or walks the HNSW index, why, and what either costs.';
