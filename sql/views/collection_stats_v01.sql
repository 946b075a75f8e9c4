-- A row for each collection and each model that has vectors of it; one without a model where none has. security_invoker:
-- row-level security on image holds here too.
create or replace view clipsql.collection_stats with (security_invoker = true) as
with counted as (
    select
        i.collection,
        count(*) as images,
        count(*) filter (where i.status = 'pending') as pending,
        count(*) filter (where i.status = 'failed') as failed,
        min(i.taken_at) as first_taken_at,
        max(i.taken_at) as last_taken_at
    from clipsql.image as i
    group by i.collection
), captioned as (
    select i.collection, count(*) as captions
    from clipsql.caption as c
    join clipsql.image as i on i.image_id = c.image_id
    group by i.collection
), embedded as (
    select i.collection, e.model_id, count(*) as embedded
    from clipsql.image_embedding as e
    join clipsql.image as i on i.image_id = e.image_id
    group by i.collection, e.model_id
)
select
    counted.collection,
    m.name as model,
    counted.images,
    coalesce(embedded.embedded, 0) as embedded,
    counted.pending,
    counted.failed,
    coalesce(captioned.captions, 0) as captions,
    counted.first_taken_at,
    counted.last_taken_at
from counted
left join captioned on captioned.collection = counted.collection
left join embedded on embedded.collection = counted.collection
left join clipsql.model as m on m.model_id = embedded.model_id;

comment on view clipsql.collection_stats is
    'A collection under each model that it uses: pictures by state, captions, time span.';
comment on column clipsql.collection_stats.collection is 'Name of the collection.';
comment on column clipsql.collection_stats.model is 'Name of a model with vectors of it; null where there is none yet.';
comment on column clipsql.collection_stats.images is 'Pictures of the collection, under whatever model.';
comment on column clipsql.collection_stats.embedded is 'Pictures that have a vector under the model.';
comment on column clipsql.collection_stats.pending is 'Pictures that wait for a worker.';
comment on column clipsql.collection_stats.failed is 'Pictures that could not be had or read.';
comment on column clipsql.collection_stats.captions is 'Captions of its pictures.';
comment on column clipsql.collection_stats.first_taken_at is 'When the earliest of its pictures was taken.';
comment on column clipsql.collection_stats.last_taken_at is 'When the latest of its pictures was taken.';
