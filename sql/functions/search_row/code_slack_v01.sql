-- How much nearer than its code says a picture may be, in all but one of some 4,000 cases: 3.5 standard deviations of what two
-- codes leave out, where its directions are as chance has them (docs/filtered-search.md), and what half precision rounds off.
create or replace function clipsql_private.code_slack(code halfvec, left_out double precision, dimensions integer)
returns double precision
language sql immutable parallel safe
return 1e-3 + 3.5 * sqrt(greatest(0, 1 - l2_norm(code) ^ 2) * left_out / greatest(1, dimensions - vector_dims(code)));

comment on function clipsql_private.code_slack(halfvec, double precision, integer) is
    'By how much a cosine distance may fall below the one that codes tell, given the squared length that a basis leaves out.';
