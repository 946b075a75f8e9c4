-- A thumbnail that tables in BI tools and notebooks show as a picture. Joined with image, so that row-level security on
-- image holds.
create or replace function clipsql.thumbnail_uri(image bigint)
returns text
language sql stable parallel safe
begin atomic
    -- base64 breaks its lines, which no browser wants in a URI.
    select 'data:image/jpeg;base64,' || translate(encode(t.jpeg, 'base64'), chr(10), '')
    from clipsql.image as i
    join clipsql_private.thumbnail as t on t.image_id = i.image_id
    where i.image_id = thumbnail_uri.image;
end;

comment on function clipsql.thumbnail_uri(bigint) is
    'A small JPEG of a picture as a data: URI; null without one ("clipsql ingest --thumbnails" keeps them).';
