-- Search rows follow a picture whose collection, time or place changes. Security definer, as keep_search_rows is.
create or replace function clipsql_private.move_search_rows()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    update clipsql_private.search_row as s
    set collection = new.collection, taken_at = new.taken_at, longitude = new.longitude, latitude = new.latitude
    where s.image_id = new.image_id;
    return null;
end;
$$;

comment on function clipsql_private.move_search_rows() is
    'Trigger: search rows have the collection, time and place of their picture.';
