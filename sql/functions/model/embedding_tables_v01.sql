-- The tables that hold vectors, each with a partition for each model: of pictures, of captions, and of what came later.
create or replace function clipsql_private.embedding_tables()
returns setof text
language sql stable parallel safe
begin atomic
    select c.relname::text
    from pg_catalog.pg_class as c
    where c.relnamespace = 'clipsql'::regnamespace and c.relkind = 'p'
    order by c.oid;
end;

comment on function clipsql_private.embedding_tables() is 'Names of the tables that hold vectors.';
