-- Whether somebody adds this database as a shard just now: so a coordinator finds out that it is one already.
create or replace function clipsql_private.shard_is_locked(request jsonb)
returns jsonb
language sql volatile parallel unsafe
return jsonb_build_object('is_locked', not pg_try_advisory_xact_lock(hashtext('clipsql shard')));

comment on function clipsql_private.shard_is_locked(jsonb) is 'Whether this database is being added to a coordinator.';
