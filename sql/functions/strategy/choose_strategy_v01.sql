-- How a search is answered best: by comparing every match with the query, which costs time for each match, much less by
-- search rows than by whole vectors, or by walking the HNSW index, which costs time for each row that it passes, matching
-- or not. Where that depends on how many match, and the share of them is not given, the strategy is open.
create or replace function clipsql_private.choose_strategy(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    share double precision default null)
returns clipsql_private.search_strategy
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    -- Measured with halfvec(512) on PostgreSQL 18 (docs/filtered-search.md), where "clipsql index tune" has not; only their
    -- ratios decide.
    walk_us double precision := 2 + 10 * chosen.dimensions / 512.0;     -- a row passed in an index walk
    lookup_us double precision := 2.2 + 0.4 * chosen.dimensions / 512.0; -- a match fetched and compared
    scan_us constant double precision := 0.12;  -- a row of the table, when all are read
    join_us constant double precision := 0.9;   -- a match among them
    usual_ef_search constant integer := 400;    -- recall@10 of 0.95 for texts, 1.0 for pictures, in 200,000 rows
    -- A short walk is enough for most pictures, whose likes are near.
    short_walk constant integer := 40 + 2 * max_results;
    -- A short walk shows whether matches lie near the query, and costs little beside a long comparison.
    probe_cost constant double precision := 0.125;
    moment_ms constant double precision := 2.25;  -- of some thousand vectors: what takes no longer is compared, which is exact
    workers constant integer := current_setting('max_parallel_workers_per_gather');
    is_restricted constant boolean := clipsql_private.is_restricted();
    facts record;
    code_us double precision;  -- a search row found and compared
    is_scanned boolean;
    strategy clipsql_private.search_strategy;
    narrowing clipsql_private.search_filter := filter;
    most_matches double precision;
    needed double precision;
    is_plain boolean;
    is_far boolean;
    is_soon boolean;
begin
    -- All that is to be known, read at once: a statement costs as much as the answer in a small collection.
    select
        -- As the planner does it: the density that ANALYZE found, times the pages that there are now.
        coalesce(case when c.relpages > 0 and c.reltuples > 0
             then c.reltuples / c.relpages
             else 0.9 * current_setting('block_size')::integer / (2 * chosen.dimensions + 60) end
            * pg_relation_size(c.oid) / current_setting('block_size')::integer, 0)::bigint as total_rows,
        (select t.ef_search
         from clipsql_private.search_tuning as t
         where t.model_id = chosen.model_id and (t.collection = filter.in_collection or t.collection is null)
         order by t.collection nulls last
         limit 1) as ef_search,
        clipsql_private.index_is_usable(chosen.model_id) as has_index,
        b.basis_id, b.length, b.cone, t.walk_us, t.code_us, t.lookup_us
    into facts
    from (values (to_regclass(clipsql_private.partition_name('image_embedding', chosen.model_id)))) as p(embeddings)
    left join pg_catalog.pg_class as c on c.oid = p.embeddings
    -- Not under row-level security: search rows tell of pictures that it hides.
    left join clipsql_private.code_basis as b
        on b.model_id = chosen.model_id and b.state = 'ready' and not is_restricted
    left join clipsql_private.search_cost as t on t.model_id = chosen.model_id;
    walk_us := coalesce(facts.walk_us, walk_us);
    lookup_us := coalesce(facts.lookup_us, lookup_us);
    code_us := coalesce(facts.code_us, 0.12 + 0.1 * facts.length / 128)
        -- Whether a place lies inside takes half as long again.
        * case when filter.near_longitude is not null or filter.inside is not null then 1.5 else 1 end;
    is_scanned := facts.basis_id is not null and clipsql_private.is_narrow(filter);
    if facts.basis_id is not null then
        strategy.coded := (facts.basis_id, clipsql_private.code_of(query::halfvec, facts.basis_id));
    end if;
    strategy.total_rows := facts.total_rows;
    strategy.ef_search := coalesce(
        facts.ef_search, usual_ef_search * greatest(1, strategy.total_rows / 200000::double precision) ^ 0.43);  -- 800 in a million
    strategy.walks := false;
    strategy.is_open := false;
    strategy.step_ms := 0.001 * walk_us;
    most_matches := least(strategy.total_rows, cardinality(filter.only_images));
    strategy.likely_matches := most_matches;
    needed := clipsql_private.walk_length(max_results, strategy.ef_search, strategy.total_rows);
    strategy.whole_ms := 0.001 * least(most_matches * lookup_us, strategy.total_rows * scan_us + most_matches * join_us);
    strategy.compare_ms := case when is_scanned then 0.001 * most_matches * code_us else strategy.whole_ms end;

    if not facts.has_index then
        strategy.reason := 'the model has no usable index (run "clipsql index build"), so all are compared';
        return strategy;
    elsif strategy.compare_ms <= greatest(moment_ms, needed * strategy.step_ms) then
        strategy.reason := 'so few are compared faster than an index is walked';
        return strategy;
    end if;

    narrowing.except_images := null;  -- takes away few rows
    is_plain := narrowing is null and not is_restricted;
    narrowing.only_images := null;
    if not is_plain then
        if narrowing is null and not is_restricted then
            share := most_matches / strategy.total_rows;
        elsif share is null then
            strategy.is_open := true;
            return strategy;
        end if;
        strategy.likely_matches := least(most_matches, share * strategy.total_rows);
        needed := clipsql_private.walk_length(max_results / greatest(share, 1e-9), strategy.ef_search, strategy.total_rows);
    end if;
    strategy.whole_ms := 0.001
        * least(strategy.likely_matches * lookup_us,
                strategy.total_rows * scan_us + strategy.likely_matches * join_us)
        -- Very long scans are shared among processes.
        / case when strategy.likely_matches > 100000 then 1 + 0.5 * least(workers, 4) else 1 end;
    strategy.compare_ms := case when is_scanned then 0.001 * strategy.likely_matches * code_us else strategy.whole_ms end;
    -- All pictures are almost equally far from a text: a short walk of theirs would not be trusted.
    is_far := coalesce(facts.cone > 0.3 and (((strategy.coded).code)::vector::real[])[1] < 0.6 * facts.cone, false);
    -- A walk may end in nothing, where the matches lie far from the query.
    is_soon := 1.5 * needed * strategy.step_ms < strategy.compare_ms;
    strategy.walks := strategy.compare_ms > moment_ms
        and (is_soon or (not is_far and short_walk * strategy.step_ms < probe_cost * strategy.compare_ms));
    strategy.width := case
        when is_far or (is_soon and needed < case when is_plain then 4 else 8 end * short_walk) then needed
        else least(needed, short_walk) end;
    strategy.reason := case
        when is_plain and strategy.walks then 'no filter narrows the search down, so the index is walked'
        when is_soon then
            'so many match that an index walk meets enough of them soon'
        when strategy.walks then 'an index walk begins, in case they lie near the query'
        else 'comparing them all is faster than an index walk' end;
    return strategy;
end;
$$;

comment on function clipsql_private.choose_strategy(vector, integer, text, clipsql_private.search_filter, clipsql.model, double precision) is
    'Whether a search compares all matches or walks the HNSW index, why, and what either costs.';
