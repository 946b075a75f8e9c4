-- The one place that knows how a model's partition of an embedding table is called.
create or replace function clipsql_private.partition_name(embeddings text, of_model integer)
returns text
language sql immutable parallel safe
return 'clipsql_private.' || embeddings || '_' || of_model::text;

comment on function clipsql_private.partition_name(text, integer) is
    'Qualified name of the partition of an embedding table that holds a model''s vectors.';
