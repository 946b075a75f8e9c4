-- Loads pgvector when a dump is restored: this body is parsed then, its constant is a vector, and pg_dump writes functions
-- in the order of their names. Only where pgvector is loaded may a role that is no superuser make the functions that set
-- hnsw.*, all of which must come after this one.
create or replace function clipsql_private.load_pgvector()
returns vector
language sql immutable parallel safe
return '[1]'::vector;

comment on function clipsql_private.load_pgvector() is
    'A vector; made before the functions that need pgvector loaded when a dump is restored.';
