-- The nearest pictures to a vector among those that pass a filter, nearest first: what every search stands on.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.nearest(
    query vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model,
    out ids bigint[], out distances double precision[], out coded clipsql_private.query_code)
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    found record;
begin
    found := clipsql_private.find_matches(
        l2_normalize(query),  -- long vectors would overflow halfvec
        max_results, clipsql_private.effective_conditions(filter), filter, chosen);
    ids := found.ids;
    distances := found.distances;
    coded := (found.strategy).coded;
end;
$$;

comment on function clipsql_private.nearest(vector, integer, clipsql_private.search_filter, clipsql.model) is
    'Nearest pictures among those that pass the filter, with their cosine distance; complete whenever enough match.';
