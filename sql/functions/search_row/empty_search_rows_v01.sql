-- Search rows go when the embeddings of their model are truncated. Security definer, as keep_search_rows is.
create or replace function clipsql_private.empty_search_rows()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    delete from clipsql_private.search_row as s
    using clipsql_private.code_basis as b
    where b.basis_id = s.basis_id
        and to_regclass(clipsql_private.partition_name('image_embedding', b.model_id)) = tg_relid;
    return null;
end;
$$;

comment on function clipsql_private.empty_search_rows() is 'Trigger: no search row outlives a truncated embedding.';
