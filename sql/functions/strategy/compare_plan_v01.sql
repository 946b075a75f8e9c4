-- The planner's plan of compare_all, or of the scan of search rows, made under the same settings; a test compares the lists.
-- volatile: EXPLAIN is allowed nowhere else.
create or replace function clipsql_private.compare_plan(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    of_basis integer default null)
returns jsonb
language plpgsql volatile parallel unsafe
set search_path from current
set gin_fuzzy_search_limit = 0
set enable_seqscan = on
set enable_indexscan = on
set enable_bitmapscan = on
set enable_nestloop = on
set enable_hashjoin = on
set enable_sort = on
set jit = off
set parallel_setup_cost = 2000
set work_mem = '4MB'
as $$
declare
    plan jsonb;
begin
    perform set_config('work_mem', '64MB', true);
    -- Without costs, which session settings can make infinite: that is no JSON.
    execute 'explain (format json, costs off) ' || case
            when of_basis is null then clipsql_private.compare_statement(conditions, chosen)
            else clipsql_private.scan_statement(conditions, filter, of_basis) end
        into plan using filter, query, max_results;
    return plan;
end;
$$;

comment on function clipsql_private.compare_plan(vector, integer, text, clipsql_private.search_filter, clipsql.model, integer) is
    'How PostgreSQL plans to compare every match with the query.';
