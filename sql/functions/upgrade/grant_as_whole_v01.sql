-- A part that is read or written by its own name has the rights of the table that it is a part of. An upgrade gives them again
-- where they were lost, as by a dump without privileges.
create or replace function clipsql_private.grant_as_whole(part regclass)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    one record;
begin
    for one in
        select x.privilege_type, x.grantee::regrole as grantee
        from pg_catalog.pg_inherits as h
        join pg_catalog.pg_class as c on c.oid = h.inhparent
        cross join lateral aclexplode(c.relacl) as x
        where h.inhrelid = part and x.grantee in (to_regrole('clipsql_reader'), to_regrole('clipsql_writer'))
    loop
        execute format('grant %s on %s to %s', one.privilege_type, part, one.grantee);
    end loop;
end;
$$;

comment on function clipsql_private.grant_as_whole(regclass) is
    'Gives the part of a table the rights that the roles of readers and of writers have to its whole.';
