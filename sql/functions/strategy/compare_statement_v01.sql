-- The statement that compares every match with a query: $1 is the filter, $2 the unit vector, $3 how many are wanted.
create or replace function clipsql_private.compare_statement(conditions text, chosen clipsql.model)
returns text
language sql stable parallel safe
-- Plus zero: no index has this order, so the planner cannot answer with an index walk.
return format(
    'select e.image_id, (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
     %2$s order by distance, image_id limit $3',
    (chosen).dimensions,
    clipsql_private.candidates(conditions, chosen));

comment on function clipsql_private.compare_statement(text, clipsql.model) is
    'SQL that finds the nearest matches by comparing them all: $1 filter, $2 unit vector, $3 number of results.';
