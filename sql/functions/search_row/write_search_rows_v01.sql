-- Makes or renews the search rows of pictures from what image and image_embedding say now.
create or replace function clipsql_private.write_search_rows(of_basis integer, images bigint[])
returns void
language plpgsql volatile parallel unsafe
set search_path from current
set jit = off
as $$
begin
    -- Of the partition: keys are the partitions'.
    execute format($insert$
    insert into clipsql_private.search_row_%s
        (basis_id, image_id, collection, taken_at, longitude, latitude, left_out, code)
    select
        $1, i.image_id, i.collection, i.taken_at, i.longitude, i.latitude,
        sqrt(greatest(0, 1 - l2_norm(c.code) ^ 2)), c.code
    from (
        select p.image_id, p.collection, p.taken_at, p.longitude, p.latitude
        from clipsql.image as p
        where p.image_id = any ($2)
        order by p.image_id
        for share  -- who changes a picture's time meanwhile is waited for, or finds the row written
    ) as i
    join clipsql_private.code_basis as b on b.basis_id = $1
    join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = b.model_id
    cross join lateral (select clipsql_private.code_of(e.embedding, $1) as code offset 0) as c
    -- What filters look at is there already, or follows the picture by itself (move_search_rows).
    on conflict (image_id, basis_id) do update set left_out = excluded.left_out, code = excluded.code
    $insert$, of_basis)
    using of_basis, images;
end;
$$;

comment on function clipsql_private.write_search_rows(integer, bigint[]) is
    'Writes the search rows of those pictures that have an embedding under the model of a basis.';
