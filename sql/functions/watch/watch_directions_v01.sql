-- The vectors of a watch: a picture is as similar as it is to the one that it is most like.
create or replace function clipsql_private.watch_directions(of_watch bigint)
returns halfvec[]
language sql stable parallel safe
return array(
    select v.embedding from clipsql_private.watch_vector as v where v.watch_id = of_watch order by v.number);

comment on function clipsql_private.watch_directions(bigint) is 'Unit vectors of a watch.';
