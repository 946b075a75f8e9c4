-- Whether the HNSW index of a model is there and complete; without it a search is exact.
create or replace function clipsql._index_is_usable(of_model integer)
returns boolean
language sql stable parallel safe
return coalesce((
    select x.indisvalid and x.indisready
    from pg_catalog.pg_index as x
    where x.indexrelid = to_regclass(format('clipsql.image_embedding_%s_hnsw', of_model))), false);

comment on function clipsql._index_is_usable(integer) is
    'Whether the HNSW index over a model''s image embeddings exists and is valid.';
