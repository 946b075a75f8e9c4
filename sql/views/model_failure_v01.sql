-- security_invoker: row-level security on image holds here too.
create or replace view clipsql.model_failure with (security_invoker = true) as
select m.name as model, i.image_id, i.collection, i.url, u.failure, u.error, u.failed_at
from clipsql_private.unembedded as u
join clipsql.model as m on m.model_id = u.model_id
join clipsql.image as i on i.image_id = u.image_id;

comment on view clipsql.model_failure is
    'Pictures that are embedded under some model and could not be had or read for another: a search under that misses them.';
comment on column clipsql.model_failure.model is 'Name of the model that lacks them.';
comment on column clipsql.model_failure.image_id is 'The picture.';
comment on column clipsql.model_failure.collection is 'Name of the collection that it belongs to.';
comment on column clipsql.model_failure.url is 'Its address.';
comment on column clipsql.model_failure.failure is 'Class of what went wrong, such as no_file or timeout.';
comment on column clipsql.model_failure.error is 'What went wrong, in words.';
comment on column clipsql.model_failure.failed_at is 'When that was.';
