-- Whether the HNSW index of a model is there and complete; without it a search is exact.
create or replace function clipsql_private.index_is_usable(of_model integer, embeddings text default 'image_embedding')
returns boolean
language sql stable parallel safe
return coalesce((
    select x.indisvalid and x.indisready
    from pg_catalog.pg_index as x
    where x.indexrelid = to_regclass(clipsql_private.hnsw_index_name(embeddings, of_model))), false);

comment on function clipsql_private.index_is_usable(integer, text) is
    'Whether the HNSW index over a model''s embeddings of pictures, captions or regions exists and is valid.';
