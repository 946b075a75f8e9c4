-- What depends on a function, a view or a composite type, and what depends on that, with the longest way to each: those
-- farthest away are dropped first and made again last. A view's rule counts as the view, a row type as its relation.
create or replace function clipsql_private.dependents(changed_class oid, changed oid)
returns table (class_id oid, object_id oid, depth integer)
language sql stable parallel safe
begin atomic
    with recursive named as (
        select 'pg_catalog.pg_rewrite'::regclass::oid as class_id, r.oid as object_id, r.ev_class as relation
        from pg_catalog.pg_rewrite as r
        where r.rulename = '_RETURN'
        union all
        select 'pg_catalog.pg_type'::regclass::oid, t.oid, t.typrelid from pg_catalog.pg_type as t where t.typrelid <> 0
        union all
        select 'pg_catalog.pg_type'::regclass::oid, a.oid, t.typrelid
        from pg_catalog.pg_type as t
        join pg_catalog.pg_type as a on a.oid = t.typarray
        where t.typrelid <> 0
    ), edge as (
        select distinct
            case when n.relation is null then d.classid else 'pg_catalog.pg_class'::regclass end as class_id,
            coalesce(n.relation, d.objid) as object_id,
            case when m.relation is null then d.refclassid else 'pg_catalog.pg_class'::regclass end as of_class,
            coalesce(m.relation, d.refobjid) as of_object
        from pg_catalog.pg_depend as d
        left join named as n on n.class_id = d.classid and n.object_id = d.objid
        left join named as m on m.class_id = d.refclassid and m.object_id = d.refobjid
        where d.deptype <> 'i'  -- parts, which come and go with their whole
    ), reached as (
        select e.class_id, e.object_id, 1 as depth
        from edge as e
        where e.of_class = changed_class and e.of_object = changed and (e.class_id, e.object_id) <> (changed_class, changed)
        union all
        select e.class_id, e.object_id, r.depth + 1
        from reached as r
        join edge as e on e.of_class = r.class_id and e.of_object = r.object_id
            and (e.class_id, e.object_id) <> (r.class_id, r.object_id)
    ) cycle class_id, object_id set comes_back using way
    select r.class_id, r.object_id, max(r.depth)
    from reached as r
    where not r.comes_back
    group by r.class_id, r.object_id;
end;

comment on function clipsql_private.dependents(oid, oid) is
    'What depends on an object of the catalog, however indirectly, with the length of the longest way to it.';
