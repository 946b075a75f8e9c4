-- The file that an address of the scheme file: names, in bytes: not every file system knows UTF-8.
create or replace function clipsql_private.file_of_address(address text)
returns bytea
language sql immutable parallel safe
return case when address ~* '^file:///' then (
    select string_agg(
        case when p.part[1] ~ '^%[0-9A-Fa-f]{2}$' then decode(substr(p.part[1], 2), 'hex')
             else decode(replace(p.part[1], '\', '\\'), 'escape') end, '' order by p.position)
    from regexp_matches(regexp_replace(substr(address, 8), '[?#].*', ''), '%[0-9A-Fa-f]{2}|[^%]+|%', 'g')
        with ordinality as p(part, position)
) end;

comment on function clipsql_private.file_of_address(text) is 'The path in a file: address; null for any other.';
