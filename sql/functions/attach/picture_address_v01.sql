-- The address of a picture as it stands in a column: null for none, file: for a path of this machine. The prefix is for
-- columns that hold names, as those of Django do.
create or replace function clipsql_private.picture_address(written text, prefix text)
returns text
language sql immutable parallel safe
return case
    when written !~ '[^[:space:]]' then null
    when written ~* '^(https?|file):' then written
    when starts_with(coalesce(prefix, '') || written, '/') then
        'file://' || replace(replace(replace(coalesce(prefix, '') || written, '%', '%25'), '?', '%3F'), '#', '%23')
    else coalesce(prefix, '') || written
end;

comment on function clipsql_private.picture_address(text, text) is
    'The address of a picture from what a column holds, after the prefix where that is no address; null for none.';
