-- Lets the functions of tenant_doors run as their owner, or as who calls them, as it says.
create or replace function clipsql_private.switch_doors()
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    one record;
begin
    for one in select d.* from clipsql_private.tenant_doors() as d loop
        execute format('alter function %s security %s',
            one.door::regproc, case when one.runs_as_owner then 'definer' else 'invoker' end);
    end loop;
end;
$$;

comment on function clipsql_private.switch_doors() is
    'Lets the functions through which tenants search run as their owner, or as their caller.';
