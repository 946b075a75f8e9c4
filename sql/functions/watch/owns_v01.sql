-- Whose a watch is, for the policies of what belongs to it: its owner's, and that of clipsql's tables, since the role that
-- made it may be gone.
create or replace function clipsql_private.owns(owner text)
returns boolean
language sql stable parallel safe
return owner = current_user::text
    or coalesce(pg_has_role(to_regrole(quote_ident(owner)), 'usage'), false)
    or pg_has_role((select c.relowner from pg_catalog.pg_class as c where c.oid = 'clipsql.watch_list'::regclass), 'usage');

comment on function clipsql_private.owns(text) is
    'Whether the current role is that owner, has its rights, or owns the tables.';
