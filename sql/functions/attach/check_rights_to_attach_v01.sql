-- Who attaches makes triggers on the table and tables of clipsql: all that lacks is named at once.
create or replace function clipsql_private.check_rights_to_attach(source regclass)
returns void
language plpgsql stable parallel safe
as $$
declare
    lacking text := (
        select string_agg(format('the rights of %s, who owns %s', pg_get_userbyid(o.owner), o.thing), ' and ')
        from (
            select c.relowner, 'clipsql''s tables' from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass
            union all
            select c.relowner, source::text from pg_catalog.pg_class as c where c.oid = source
        ) as o(owner, thing)
        where not pg_has_role(o.owner, 'usage'));
begin
    if lacking is not null then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'To attach or detach %s, %s lacks %s; let a member of both run this.', source, quote_ident(current_user), lacking);
    end if;
end;
$$;

comment on function clipsql_private.check_rights_to_attach(regclass) is 'Raises an error that names what the caller lacks to attach a table.';
