-- The distance of a picture (e) to that of several vectors which it is least like, as SQL. $2 is a halfvec[] with them.
create or replace function clipsql_private.farthest_distance(directions integer)
returns text
language sql stable parallel safe
return (
    select 'greatest(' || string_agg(format('e.embedding <=> ($2)[%s]', n.number), ', ' order by n.number) || ')'
    from generate_series(1, directions) as n(number));

comment on function clipsql_private.farthest_distance(integer) is
    'SQL of the largest distance between e.embedding and each vector of the halfvec[] $2.';
