-- How a search is answered, and what either way costs.
create type clipsql_private.search_strategy as (
    is_open boolean,
    walks boolean,
    width integer,
    coded clipsql_private.query_code,
    reason text,
    total_rows bigint,
    likely_matches bigint,
    ef_search integer,
    step_ms double precision,
    compare_ms double precision,
    whole_ms double precision);

comment on type clipsql_private.search_strategy is 'A choice of choose_strategy.';
