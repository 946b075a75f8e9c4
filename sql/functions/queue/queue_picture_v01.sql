-- What makes any pending picture wait, whoever wrote its row: an INSERT by hand is enough. It runs at the end of the
-- transaction, so that writers who say for which model a picture waits have done so; the row may have changed since.
-- Security definer: who may write clipsql.image needs no right to the queue.
create or replace function clipsql_private.queue_picture()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    insert into clipsql_private.queue (image_id, collection)
    select i.image_id, i.collection
    from clipsql.image as i
    where i.image_id = new.image_id and i.status = 'pending'
        and not exists (select from clipsql_private.queue as q where q.image_id = i.image_id);
    return null;
end;
$$;

comment on function clipsql_private.queue_picture() is
    'Trigger: a pending picture that waits for no model waits for any.';
