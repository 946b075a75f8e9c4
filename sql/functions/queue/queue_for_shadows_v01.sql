-- What was embedded under one model waits for the others that pictures are kept under, whoever wrote it: an ingest, a worker or
-- SQL. Where such a picture waits already, whoever has it in hand may have read a content that is there no more: he loses it.
-- Security definer: who may write vectors needs no right to the queue.
create or replace function clipsql_private.queue_for_shadows()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    if not exists (select from clipsql_private.shadow) then
        return null;
    end if;
    if starts_with(tg_table_name, 'image_') then
        -- What could not be had for one model may be had now.
        delete from clipsql_private.unembedded as u where u.image_id in (select w.image_id from written as w);
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
        select distinct i.image_id, i.collection, k.model_id, i.sha256 is not null, true
        from written as w
        join clipsql.image as i on i.image_id = w.image_id
        cross join lateral clipsql_private.kept_models(i.collection) as k(model_id)
        where not exists (
            select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = k.model_id)
        order by i.image_id, k.model_id
        on conflict (image_id, model_id) do update set is_fresh = true, leased_by = null, leased_until = null;
    else
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
        select distinct i.image_id, i.collection, k.model_id, true, true
        from written as w
        join clipsql.caption as c on c.caption_id = w.caption_id
        join clipsql.image as i on i.image_id = c.image_id
        cross join lateral clipsql_private.kept_models(i.collection) as k(model_id)
        where exists (select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = k.model_id)
            and not exists (
                select from clipsql.caption_embedding as v where v.caption_id = c.caption_id and v.model_id = k.model_id)
        order by i.image_id, k.model_id
        on conflict (image_id, model_id) do update set is_fresh = true, leased_by = null, leased_until = null;
    end if;
    return null;
end;
$$;

comment on function clipsql_private.queue_for_shadows() is
    'Trigger: what was embedded under one model waits for the others that pictures are kept under.';
