-- How many pictures stand for a collection when it is asked where a similarity lies in it: a collection of no more is
-- compared as a whole. With 1,000 a percentile near 95 is right to 1.5 points in 95 of 100 queries (docs/queries.md).
create or replace function clipsql_private.percentile_sample_size()
returns integer
language sql immutable parallel safe
return 1000;

comment on function clipsql_private.percentile_sample_size() is 'Pictures in the sample that stands for a large collection.';
