-- How many rows an index walk must pass before its best ones may be trusted. An index is right about the nearest
-- rows only after it has looked some way beyond them: at least ef_search rows, and where the last wanted row lies deep,
-- a quarter more than its depth beside three quarters of ef_search. Measured in docs/filtered-search.md.
create or replace function clipsql._walk_length(depth double precision, ef_search integer)
returns double precision
language sql immutable parallel safe
return greatest(ef_search, 0.75 * ef_search + 1.25 * depth);

comment on function clipsql._walk_length(double precision, integer) is
    'Rows that an index walk must pass before the wanted rows, the last of them at a depth, are found reliably.';
