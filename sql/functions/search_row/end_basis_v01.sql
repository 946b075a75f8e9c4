-- The end of a fill: searches use the new rows from now on. Nobody writes meanwhile, so what comes last is not missed. Older
-- rows of the model are kept no more, and stay for searches that began earlier (drop_search_rows). For the owner.
create or replace function clipsql_private.end_basis(of_basis integer)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    rows_of constant text := format('clipsql_private.search_row_%s', of_basis);
    of_model constant integer := (select b.model_id from clipsql_private.code_basis as b where b.basis_id = of_basis);
begin
    execute format('lock table %s in share mode', clipsql_private.partition_name('image_embedding', of_model));
    update clipsql.model as m set is_default = m.is_default where m.model_id = of_model;
    if (select b.state from clipsql_private.code_basis as b where b.basis_id = of_basis) <> 'filling' then
        return;  -- another run was done first
    end if;
    -- Of embeddings that were removed by transactions which did not see their rows yet.
    delete from clipsql_private.search_row as s
    where s.basis_id = of_basis
        and not exists (select from clipsql.image_embedding as e where e.model_id = of_model and e.image_id = s.image_id);
    perform clipsql_private.write_search_rows(of_basis, array(
        select e.image_id
        from clipsql.image_embedding as e
        where e.model_id = of_model
            and not exists (select from clipsql_private.search_row as s where s.basis_id = of_basis and s.image_id = e.image_id)));
    execute format('create index on %s (taken_at) include (image_id, left_out, code)', rows_of);
    execute format('create index on %s (collection, taken_at) include (image_id, left_out, code)', rows_of);
    -- Longitude and latitude too: an index is read alone only if it has every column.
    execute format(
        'create index on %s using gist (point(longitude, latitude)) include (longitude, latitude, image_id, left_out, code)'
        ' where longitude is not null',
        rows_of);
    update clipsql_private.code_basis as b
    set state = case when b.basis_id = of_basis then 'ready' else 'retired' end, changed_at = now()
    where b.model_id = of_model and b.state <> 'retired';
end;
$$;

comment on function clipsql_private.end_basis(integer) is
    'Indexes the search rows of a basis, lets searches use them, and retires those of earlier bases of the model.';
