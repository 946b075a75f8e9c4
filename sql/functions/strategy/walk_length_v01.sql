-- How many rows an index walk must pass before its best ones may be trusted. An index is right about the nearest
-- rows only after it has looked some way beyond them: at least ef_search rows, and where the last wanted row lies deep,
-- beyond its depth, the more so the larger the index is. Measured in docs/filtered-search.md up to a million rows.
create or replace function clipsql_private.walk_length(depth double precision, ef_search integer, total_rows double precision)
returns double precision
language sql immutable parallel safe
return greatest(ef_search, 0.75 * ef_search + depth * least(8, 1.25 * greatest(1, total_rows / 200000)));

comment on function clipsql_private.walk_length(double precision, integer, double precision) is
    'Rows that an index walk must pass before the wanted rows, the last of them at a depth, are found reliably.';
