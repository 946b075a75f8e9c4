-- Statements that give an object made anew the privileges that it had, its columns' included, and no others: what is made
-- anew gets the default privileges of its maker.
create or replace function clipsql_private.regrant(target text, owner oid, rights aclitem[], kind "char", columns text default '')
returns text[]
language sql stable parallel safe
begin atomic
    with grantee as (
        select distinct case d.grantee when 0 then 'public' else d.grantee::regrole::text end as name
        from (
            select owner as grantee
            union all select 0
            union all select x.grantee from pg_catalog.pg_default_acl as a cross join lateral aclexplode(a.defaclacl) as x
        ) as d
    ), step as (
        select 0 as number, format('revoke all on %s from %s', target, string_agg(g.name, ', ')) as statement
        from grantee as g
        having columns = ''  -- of a whole object's columns nothing is left then
        union all
        select x.number, format('grant %s%s on %s to %s%s', x.privilege_type, columns, target,
            case x.grantee when 0 then 'public' else x.grantee::regrole::text end,
            case when x.is_grantable then ' with grant option' else '' end)
        from aclexplode(coalesce(rights, acldefault(kind, owner)))
            with ordinality as x(grantor, grantee, privilege_type, is_grantable, number)
    )
    select coalesce(array_agg(s.statement order by s.number), '{}')
    from step as s
    -- Rights that were never touched stay so, unless their maker's default privileges touch them.
    where rights is not null or columns = '' and exists (select from pg_catalog.pg_default_acl);
end;

comment on function clipsql_private.regrant(text, oid, aclitem[], "char", text) is
    'Statements that give an object made anew the privileges that it had, and no others.';
