-- What a type is beneath its domains, of which one may stand on another.
create or replace function clipsql_private.base_type(type oid)
returns oid
language sql stable parallel safe
return (
    with recursive base as (
        select t.oid, t.typbasetype from pg_catalog.pg_type as t where t.oid = type
        union all
        select t.oid, t.typbasetype from base as b join pg_catalog.pg_type as t on t.oid = b.typbasetype
    )
    select b.oid from base as b where b.typbasetype = 0);

comment on function clipsql_private.base_type(oid) is 'The type on which a domain stands in the end; any other type itself.';
