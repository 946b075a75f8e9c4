-- Search rows follow a picture whose collection, time or place changes. Security definer, as keep_search_rows is.
create or replace function clipsql_private.move_search_rows()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    if clipsql_private.check_bases() then
        -- Meets a row that a fill wrote after this transaction began, with an error: the update would not see it.
        perform clipsql_private.write_search_rows(b.basis_id, array[new.image_id])
        from clipsql_private.code_basis as b
        where b.state <> 'retired';
    end if;
    update clipsql_private.search_row as s
    set collection = new.collection, taken_at = new.taken_at, longitude = new.longitude, latitude = new.latitude
    where s.image_id = new.image_id;
    return null;
end;
$$;

comment on function clipsql_private.move_search_rows() is
    'Trigger: search rows have the collection, time and place of their picture.';
