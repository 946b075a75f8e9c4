-- How many rows an index walk must pass before its best ones may be trusted. An index is right about the nearest
-- rows only after it has looked some way beyond them: ef_search rows for the first ones, and half as many again as the
-- depth at which the last wanted row lies. Measured in docs/filtered-search.md.
create or replace function clipsql._walk_length(depth double precision, ef_search integer)
returns double precision
language sql immutable parallel safe
return ef_search + 1.5 * depth;

comment on function clipsql._walk_length(double precision, integer) is
    'Rows that an index walk must pass before the wanted rows, the last of them at a depth, are found reliably.';
