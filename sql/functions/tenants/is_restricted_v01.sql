-- Whether who asks may see some pictures only: all counts and estimates are then those of what it may see.
create or replace function clipsql_private.is_restricted()
returns boolean
language sql stable parallel safe
return row_security_active('clipsql.image') or clipsql_private.asks_as_tenant();

comment on function clipsql_private.is_restricted() is 'Whether row-level security hides pictures from who asks.';
