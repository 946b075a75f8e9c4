-- What makes (collection, url) unique, as no index takes a url of any length. SHA-256, because two urls with one MD5
-- can be made; by this way round, because convert_to, which depends on a catalog, may not stand in an index.
create or replace function clipsql.url_digest(url text)
returns bytea
language sql immutable strict parallel safe
return sha256(decode(replace(url, '\', '\\'), 'escape'));

comment on function clipsql.url_digest(text) is
    'SHA-256 of a url, by which clipsql.image finds it whatever its length: '
    'where collection = ''web'' and clipsql.url_digest(url) = clipsql.url_digest(''https://...'').';
