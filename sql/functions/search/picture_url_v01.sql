-- For pages and dashboards: a picture on the web by its own address, a local one by the URL prefix of its folder.
create or replace function clipsql.picture_url(image bigint)
returns text
language sql stable parallel safe
begin atomic
    select clipsql_private.browser_url(i.url, i.file) from clipsql.image as i where i.image_id = picture_url.image;
end;

comment on function clipsql.picture_url(bigint) is
    'Where a browser finds a picture: its http(s) url as it is, a local file by the URL prefix that clipsql.settings gives its'
    ' folder (the longest one that holds it); null for any other.';
