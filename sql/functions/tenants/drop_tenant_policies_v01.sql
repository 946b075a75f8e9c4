-- Takes away what keep_apart made; policies of the owner's own stay.
create or replace function clipsql_private.drop_tenant_policies(of_table regclass)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    policy name;
begin
    for policy in
        select p.polname from pg_catalog.pg_policy as p
        where p.polrelid = of_table and starts_with(p.polname::text, 'clipsql_tenant_')
    loop
        execute format('drop policy %I on %s', policy, of_table);
    end loop;
end;
$$;

comment on function clipsql_private.drop_tenant_policies(regclass) is
    'Drops the policies of a table that clipsql_private.keep_apart made.';
