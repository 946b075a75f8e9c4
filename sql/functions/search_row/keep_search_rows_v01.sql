-- Keeps search rows as the embeddings are that a statement writes, in the same transaction. Security definer: who
-- writes a picture needs no right to search rows.
create or replace function clipsql_private.keep_search_rows()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
declare
    part record;
begin
    perform clipsql_private.check_bases();
    if tg_op <> 'INSERT' then
        for part in
            select b.basis_id, array_agg(r.image_id order by r.image_id) as images
            from removed as r
            join clipsql_private.code_basis as b on b.model_id = r.model_id and b.state <> 'retired'
            group by b.basis_id
        loop
            delete from clipsql_private.search_row as s
            where s.basis_id = part.basis_id and s.image_id = any (part.images);
        end loop;
    end if;
    if tg_op <> 'DELETE' then
        for part in
            select b.basis_id, array_agg(w.image_id order by w.image_id) as images
            from written as w
            join clipsql_private.code_basis as b on b.model_id = w.model_id and b.state <> 'retired'
            group by b.basis_id
        loop
            perform clipsql_private.write_search_rows(part.basis_id, part.images);
        end loop;
    end if;
    return null;
end;
$$;

comment on function clipsql_private.keep_search_rows() is
    'Trigger: search rows follow the embeddings that a statement wrote or removed.';
