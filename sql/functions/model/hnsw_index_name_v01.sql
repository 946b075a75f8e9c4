-- The one place that knows how the HNSW index over a model's partition is called.
create or replace function clipsql_private.hnsw_index_name(embeddings text, of_model integer)
returns text
language sql immutable parallel safe
return clipsql_private.partition_name(embeddings, of_model) || '_hnsw';

comment on function clipsql_private.hnsw_index_name(text, integer) is
    'Qualified name of the HNSW index over a model''s partition of an embedding table.';
