-- The policies of clipsql.image that decide what who asks may see.
create or replace function clipsql_private.read_policies()
returns setof pg_catalog.pg_policy
language sql stable parallel safe
begin atomic
    select o.*
    from pg_catalog.pg_policy as o
    where o.polrelid = 'clipsql.image'::regclass and o.polcmd in ('r', '*')
        and exists (
            select from unnest(o.polroles) as g(role)
            where g.role = 0 or pg_has_role(clipsql_private.caller(), g.role, 'usage'));
end;

comment on function clipsql_private.read_policies() is 'The policies that decide which pictures the caller may see.';
