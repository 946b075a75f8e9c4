-- The queue repeats the collection, so that the oldest picture of a small one is found behind a million of another.
create or replace function clipsql_private.move_queued_picture()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    update clipsql_private.queue as q set collection = new.collection where q.image_id = new.image_id;
    return null;
end;
$$;

comment on function clipsql_private.move_queued_picture() is
    'Trigger: a picture that waits goes with its row to another collection.';
