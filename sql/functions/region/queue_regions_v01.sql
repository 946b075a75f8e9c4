-- Regions wait for the models that their picture is embedded under, as the picture in the queue; one that waits already is
-- taken from whoever has it in hand, who knows nothing of these regions. The pictures are locked as a worker locks those that
-- it settles: either it sees the regions, or these see its vectors.
-- Security definer: who may write regions needs no right to the queue.
create or replace function clipsql_private.queue_regions()
returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path from current
as $$
begin
    perform from clipsql.image as i
    where i.image_id in (select w.image_id from written as w)
    order by i.image_id
    for no key update;
    update clipsql_private.queue as q set leased_by = null, leased_until = null
    where q.image_id in (select w.image_id from written as w) and q.leased_by is not null;
    insert into clipsql_private.queue (image_id, collection, model_id, is_checked)
    select i.image_id, i.collection, m.model_id, i.sha256 is not null
    from clipsql.image as i
    join clipsql.image_embedding as e on e.image_id = i.image_id
    join clipsql.model as m on m.model_id = e.model_id and m.location is not null
    where i.image_id in (select w.image_id from written as w)
    order by i.image_id, m.model_id
    on conflict (image_id, model_id) do nothing;
    return null;
end;
$$;

comment on function clipsql_private.queue_regions() is
    'Trigger: new regions wait for the models that their pictures are embedded under.';
