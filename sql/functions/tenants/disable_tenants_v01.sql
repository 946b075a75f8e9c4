-- The reverse of enable_tenants. The policies of clipsql.image are the owner's own and stay.
create or replace function clipsql.disable_tenants()
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    own regclass;
begin
    for own in select t.own from clipsql_private.own_tables() as t(own) loop
        perform clipsql_private.drop_tenant_policies(own);
        execute format('alter table %s disable row level security', own);
    end loop;
    execute (
        select format('revoke select (%s) on clipsql.model from clipsql_reader', string_agg(quote_ident(a.attname), ', '))
        from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql.model'::regclass and a.attnum > 0 and not a.attisdropped);
    grant select on clipsql.model to clipsql_reader;
    perform clipsql_private.switch_doors();
end;
$$;

comment on function clipsql.disable_tenants() is
    'Takes back clipsql.enable_tenants(); the policies of clipsql.image stay. For the owner.';
