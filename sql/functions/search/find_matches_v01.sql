-- The nearest pictures to a vector among those that meet the conditions, nearest first, and how they were found. Many are
-- looked for in the HNSW index; few, and those that it cannot find, or not the right ones, are all compared, by their codes
-- where there are search rows. So no row is ever lost.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.find_matches(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    out strategy clipsql_private.search_strategy, out way text, out is_exact boolean, out walked integer,
    out ids bigint[], out distances double precision[])
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    found record;
begin
    strategy := clipsql_private.choose_strategy(query, max_results, conditions, filter, chosen);
    if strategy.is_open and strategy.coded is not null and clipsql_private.is_narrow(filter) then
        found := clipsql_private.scan_codes(query, max_results, conditions, filter, chosen, strategy.coded, only_few => true);
        if found.ids is not null then
            strategy.reason := 'so few are compared faster than it is found out how many they are';
            way := 'search rows';
            is_exact := found.is_exact;
            ids := found.ids;
            distances := found.distances;
            return;
        end if;
    end if;
    if strategy.is_open then
        strategy := clipsql_private.choose_strategy(
            query, max_results, conditions, filter, chosen,
            share => clipsql_private.sample_share(conditions, filter, (strategy.coded).basis_id));
    end if;
    if strategy.walks then
        found := clipsql_private.walk_index(query, max_results, conditions, filter, chosen, strategy);
        walked := found.walked;
        if found.ids is not null then
            way := 'index walk';
            is_exact := false;
        end if;
    end if;
    if way is null and strategy.coded is not null then
        found := clipsql_private.scan_codes(query, max_results, conditions, filter, chosen, strategy.coded, only_few => false);
        way := 'search rows';
        is_exact := found.is_exact;
    elsif way is null then
        found := clipsql_private.compare_all(query, max_results, conditions, filter, chosen);
        way := 'exact';
        is_exact := true;
    end if;
    ids := found.ids[:max_results];
    distances := found.distances[:max_results];
end;
$$;

comment on function clipsql_private.find_matches(vector, integer, text, clipsql_private.search_filter, clipsql.model) is
    'Nearest matches with their cosine distance, complete whenever enough match, and the way in which they were found.';
