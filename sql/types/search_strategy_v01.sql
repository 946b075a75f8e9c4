-- How a search is answered, and what either way costs.
create type clipsql_private.search_strategy as (
    walks boolean,
    reason text,
    total_rows bigint,
    likely_matches bigint,
    ef_search integer,
    step_ms double precision,
    exact_ms double precision);

comment on type clipsql_private.search_strategy is 'How a search is answered, why, and what either way costs.';
