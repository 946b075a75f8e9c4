-- A worker that sees a part of the rows would take the rest for deleted.
create or replace function clipsql_private.check_whole_table(source regclass)
returns void
language plpgsql stable parallel safe
as $$
begin
    if not has_table_privilege(source, 'select') or not has_schema_privilege(
            (select c.relnamespace from pg_catalog.pg_class as c where c.oid = source), 'usage') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Workers that connect as %s may not read %s; run: grant usage on schema %s to %1$s; grant select on %2$s to %1$s.',
            quote_ident(current_user), source,
            (select c.relnamespace::regnamespace from pg_catalog.pg_class as c where c.oid = source));
    elsif row_security_active(source) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Row-level security hides rows of %s from %s, and a worker has to see them all; let it connect as the owner or as a role with bypassrls.',
            source, quote_ident(current_user));
    end if;
end;
$$;

comment on function clipsql_private.check_whole_table(regclass) is 'Raises an error for a table of which this role does not see every row.';
