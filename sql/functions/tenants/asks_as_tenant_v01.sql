-- Whether this runs as the owner, who sees all, for a caller who does not: then what the caller may see is a condition of
-- ours to add. Elsewhere PostgreSQL hides rows by itself.
create or replace function clipsql_private.asks_as_tenant()
returns boolean
language plpgsql stable parallel safe
as $$
declare
    caller constant name := clipsql_private.caller();
begin
    if caller = current_user or not clipsql_private.keeps_tenants_apart() then
        return false;
    end if;
    -- The right to read is the caller's to have, not the owner's.
    if not has_table_privilege(caller, 'clipsql.image', 'select') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Role %s may not search; let the owner run: grant clipsql_reader to %1$s.', quote_ident(caller));
    end if;
    if clipsql_private.sees_all(caller) then
        return false;
    elsif (select c.relforcerowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass) then
        raise exception using errcode = 'CQ007', message =
            'Row-level security on clipsql.image is forced on its owner, under whom searches run; run:'
            ' alter table clipsql.image no force row level security.';
    end if;
    return true;
end;
$$;

comment on function clipsql_private.asks_as_tenant() is
    'Whether a function runs as its owner for a caller who sees only some pictures.';
