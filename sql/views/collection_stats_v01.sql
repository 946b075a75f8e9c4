-- One row per collection and model, for dashboards. security_invoker: row-level security on image holds here too.
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
    counted.last_taken_at,
    pg_relation_size(x.indexrelid) as index_bytes,
    coalesce(x.indisvalid, false) as index_is_valid
from counted
left join clipsql.model as m on true
left join captioned on captioned.collection = counted.collection
left join embedded on embedded.collection = counted.collection and embedded.model_id = m.model_id
left join pg_catalog.pg_index as x
    on x.indexrelid = to_regclass(clipsql_private.hnsw_index_name('image_embedding', m.model_id));

comment on view clipsql.collection_stats is
    'Per collection and model: pictures by state, captions, time span, size and validity of the model''s HNSW index.';
