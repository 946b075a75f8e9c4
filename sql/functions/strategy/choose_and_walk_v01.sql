-- The first half of every search: choose how it is answered best, and walk the index where that is it. No ids: the walk
-- was not worth it or cannot be trusted, and all matches are to be compared.
-- parallel unsafe: what it calls sets scan options.
create or replace function clipsql_private.choose_and_walk(
    query vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model,
    out strategy clipsql_private.search_strategy, out ids bigint[], out distances double precision[], out walked integer)
language plpgsql stable parallel unsafe
as $$
begin
    strategy := clipsql_private.choose_strategy(max_results, conditions, filter, chosen);
    if strategy.walks then
        select w.ids, w.distances, w.walked into ids, distances, walked
        from clipsql_private.walk_index(query, max_results, conditions, filter, chosen, strategy) as w;
    end if;
end;
$$;

comment on function clipsql_private.choose_and_walk(vector, integer, text, clipsql_private.search_filter, clipsql.model) is
    'The strategy of a search and what its index walk found, in no order; null ids when all matches are to be compared.';
