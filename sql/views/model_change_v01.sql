-- A row for each model that pictures are embedded under beside the default one. What waits is counted in the pictures
-- themselves, not in the queue, so that nothing is forgotten.
create or replace view clipsql.model_change with (security_invoker = true) as
select
    m.name as model,
    s.collection,
    s.begun_at,
    s.kept_until,
    c.pictures,
    c.embedded,
    c.failed,
    c.pictures - c.embedded - c.failed as waiting,
    case
        when c.pictures = c.embedded + c.failed then interval '0'
        when s.noted_at > now() - interval '2 minutes' and s.pace > 0
            then date_trunc('second', make_interval(secs => (c.pictures - c.embedded - c.failed) / s.pace))
    end as time_left
from clipsql_private.shadow as s
join clipsql.model as m on m.model_id = s.model_id
cross join lateral (
    select
        count(*) as pictures,
        count(e.image_id) as embedded,
        count(u.image_id) filter (where e.image_id is null) as failed
    from clipsql.image as i
    left join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = s.model_id
    left join clipsql_private.unembedded as u on u.image_id = i.image_id and u.model_id = s.model_id
    where i.status = 'embedded' and (s.collection is null or i.collection = s.collection)
) as c
where s.kept_until is null or s.kept_until > now();

comment on view clipsql.model_change is
    'Models that pictures are embedded under beside the default one, by "clipsql model shadow" or after "clipsql model use".';
comment on column clipsql.model_change.model is 'Name of the model.';
comment on column clipsql.model_change.collection is 'The collection whose pictures are; null: all.';
comment on column clipsql.model_change.begun_at is 'When that began.';
comment on column clipsql.model_change.kept_until is 'When it ends by itself; null: when somebody retires the model.';
comment on column clipsql.model_change.pictures is 'Pictures that are embedded under some model.';
comment on column clipsql.model_change.embedded is 'Those of them that are embedded under this one.';
comment on column clipsql.model_change.failed is
    'Those that could not be had or read for this one, such as dead addresses; clipsql.model_failure names them.';
comment on column clipsql.model_change.waiting is 'Those that wait for a worker.';
comment on column clipsql.model_change.time_left is
    'How long workers need for these at their latest pace; null: none worked on them in the last two minutes.';
