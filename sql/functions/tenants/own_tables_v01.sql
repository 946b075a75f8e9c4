-- Every table of both schemas, partitions included.
create or replace function clipsql_private.own_tables()
returns setof regclass
language sql stable parallel safe
begin atomic
    select c.oid::regclass
    from pg_catalog.pg_class as c
    where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) and c.relkind in ('r', 'p')
    order by c.oid;
end;

comment on function clipsql_private.own_tables() is 'The tables of clipsql and clipsql_private, partitions included.';
