-- Whether a role sees every picture, as PostgreSQL decides it (check_enable_rls), but for tables that force it on their owner.
create or replace function clipsql_private.sees_all(role_name name)
returns boolean
language sql stable parallel safe
return coalesce((
    select not c.relrowsecurity or r.rolsuper or r.rolbypassrls or pg_has_role(r.oid, c.relowner, 'usage')
    from pg_catalog.pg_class as c
    join pg_catalog.pg_roles as r on r.rolname = role_name
    where c.oid = 'clipsql.image'::regclass), false);

comment on function clipsql_private.sees_all(name) is 'Whether row-level security on clipsql.image hides nothing from a role.';
