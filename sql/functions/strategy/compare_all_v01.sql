-- The nearest matches, exactly: every picture that meets the conditions is compared with the query. Its plan is the
-- planner's own, made for the given filters, in parallel where the server allows it.
-- parallel unsafe: it sets scan options, which a parallel plan forbids.
create or replace function clipsql_private.compare_all(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    out ids bigint[], out distances double precision[])
language plpgsql stable parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
-- What a session may have switched off, and what it has no use for here; the caller's values come back.
set enable_seqscan = on
set enable_indexscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
-- Workers take milliseconds to start, more than the planner believes: two shared the 5 ms of 2,000 matches in 10. But it
-- knows nothing of what a vector costs to compare either: with more than this here, 200,000 matches would get none.
set parallel_setup_cost = 2000
set work_mem = '4MB'
as $$
begin
    -- A hash join that outgrows its memory writes whole vectors to disk.
    perform set_config('work_mem', '64MB', true);
    execute format(
            'select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
             from (%s) as n',
            clipsql_private.compare_statement(conditions, chosen))
        into ids, distances using filter, query, max_results;
end;
$$;

comment on function clipsql_private.compare_all(vector, integer, text, clipsql_private.search_filter, clipsql.model) is
    'Nearest matches by comparing every match with the query: exact.';
