-- What a dashboard wants of a picture. What lies in other tables is looked up row by row, so that a filter or a limit on
-- pictures is met before any caption is read. security_invoker: row-level security on image holds here too.
create or replace view clipsql.picture with (security_invoker = true) as
select
    i.image_id,
    i.collection,
    i.url,
    i.file,
    (select c.body from clipsql.caption as c
     where c.image_id = i.image_id and c.source is null order by c.caption_id limit 1) as caption,
    array(select c.body from clipsql.caption as c
          where c.image_id = i.image_id and c.source is null order by c.caption_id) as captions,
    i.taken_at,
    point(i.longitude, i.latitude) as place,
    i.metadata,
    i.width,
    i.height,
    i.format,
    i.status,
    i.error,
    i.added_at,
    -- Not exists(): for ten pictures PostgreSQL may then read the key of every thumbnail, to look them up by hash.
    coalesce((select true from clipsql_private.thumbnail as t where t.image_id = i.image_id), false) as has_thumbnail,
    clipsql_private.browser_url(i.url, i.file) as picture_url,
    (select c.body from clipsql.caption as c
     where c.image_id = i.image_id and c.source is not null order by c.caption_id desc limit 1) as description
from clipsql.image as i;

comment on view clipsql.picture is 'A picture with its captions, for dashboards and joins.';
comment on column clipsql.picture.image_id is 'Number of the picture.';
comment on column clipsql.picture.collection is 'Name of the collection that the picture belongs to.';
comment on column clipsql.picture.url is 'Address of the picture, on the web or file://.';
comment on column clipsql.picture.file is 'Local file that holds the picture, if there is one.';
comment on column clipsql.picture.caption is 'Its first caption that is not a model''s; null without one.';
comment on column clipsql.picture.captions is 'All its captions but those of models, in the order in which they came.';
comment on column clipsql.picture.taken_at is 'When the picture was taken.';
comment on column clipsql.picture.place is 'Where it was taken: (longitude, latitude) in degrees, WGS 84.';
comment on column clipsql.picture.metadata is 'Whatever else its list said of it, a JSON object.';
comment on column clipsql.picture.width is 'Width in pixels, upright.';
comment on column clipsql.picture.height is 'Height in pixels, upright.';
comment on column clipsql.picture.format is 'Format of the file, such as JPEG or PNG.';
comment on column clipsql.picture.status is 'How far its ingest has come: pending, embedded or failed.';
comment on column clipsql.picture.error is 'What went wrong, in words; null unless failed.';
comment on column clipsql.picture.added_at is 'When the picture became known to the system.';
comment on column clipsql.picture.has_thumbnail is 'Whether clipsql.thumbnail_uri shows it.';
comment on column clipsql.picture.picture_url is 'Where a browser finds it, as clipsql.picture_url says; null where it does not.';
comment on column clipsql.picture.description is 'What the last model that described it said; null where none has.';
