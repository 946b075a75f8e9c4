-- Names of the columns that a function or composite type gives, in order: what is built on them knows them by position.
create or replace function clipsql_private.result_columns(class_id oid, object_id oid)
returns text[]
language sql stable parallel safe
begin atomic
    select coalesce(
        (select array_agg(c.name order by c.number)
         from pg_catalog.pg_proc as p
         cross join unnest(p.proargnames, p.proargmodes) with ordinality as c(name, mode, number)
         where class_id = 'pg_catalog.pg_proc'::regclass and p.oid = object_id and c.mode in ('o', 'b', 't')),
        (select array_agg(a.attname order by a.attnum)
         from pg_catalog.pg_attribute as a
         where a.attnum > 0 and not a.attisdropped and a.attrelid = case
             when class_id = 'pg_catalog.pg_class'::regclass then object_id
             else (select t.typrelid from pg_catalog.pg_proc as p join pg_catalog.pg_type as t on t.oid = p.prorettype where p.oid = object_id) end),
        '{}');
end;

comment on function clipsql_private.result_columns(oid, oid) is
    'Names of the columns that a function, composite type or view gives, in order.';
