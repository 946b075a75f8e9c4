-- What a picture of an attached row waits for: its vector, before a backfill where somebody just wrote it; or the vectors of
-- its captions.
create or replace function clipsql_private.queue_attached_picture(image bigint, attached clipsql_private.attached_table, is_fresh boolean)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_variable
declare
    file constant bytea := case when attached.may_read_files then (
        select clipsql_private.file_of_address(i.url) from clipsql.image as i where i.image_id = image) end;
begin
    update clipsql_private.queue as q
    set is_fresh = q.is_fresh or queue_attached_picture.is_fresh, file_to_read = coalesce(file, q.file_to_read)
    where q.image_id = image;
    if not found then
        insert into clipsql_private.queue (image_id, collection, is_fresh, file_to_read)
        select i.image_id, i.collection, queue_attached_picture.is_fresh, file
        from clipsql.image as i
        where i.image_id = image and i.status = 'pending';
    end if;
    insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
    select image, attached.collection, e.model_id, true, queue_attached_picture.is_fresh
    from clipsql.image_embedding as e
    join clipsql.model as m on m.model_id = e.model_id
    where e.image_id = image and m.location is not null
        and exists (
            select from clipsql.caption as c
            where c.image_id = image and not exists (
                select from clipsql.caption_embedding as v where v.caption_id = c.caption_id and v.model_id = e.model_id))
    on conflict (image_id, model_id) do nothing;
end;
$$;

comment on function clipsql_private.queue_attached_picture is 'Lets the picture of an attached row wait for a worker.';
