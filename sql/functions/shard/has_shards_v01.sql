-- Whether the pictures lie on other servers. Asked only where a search would come back empty, and before pictures are put:
-- who has no shards pays nothing.
create or replace function clipsql_private.has_shards()
returns boolean
language sql stable parallel safe
return exists (select from clipsql_private.shard);

comment on function clipsql_private.has_shards() is 'Whether this database is a coordinator, whose pictures lie on shards.';
