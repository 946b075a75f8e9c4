-- What verdicts are kept by: a person says what a picture shows, whatever model finds it, so that they outlast models.
create or replace function clipsql_private.query_digest(query text)
returns bytea
language sql stable parallel safe
return sha256(convert_to(btrim(query, E' \t\r\n'), 'UTF8'));

comment on function clipsql_private.query_digest(text) is 'SHA-256 of a query, by which its verdicts are found.';
