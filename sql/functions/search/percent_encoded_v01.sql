-- The bytes of a path as a URL has them: letters, digits and -._~/ as they are, every other byte as %XX, whatever the
-- encoding of the file's name was.
create or replace function clipsql_private.percent_encoded(path bytea)
returns text
language sql immutable strict parallel safe
begin atomic
    select coalesce(string_agg(
        case
            when b.byte between 45 and 57 or b.byte between 65 and 90 or b.byte between 97 and 122 or b.byte in (95, 126)
            then chr(b.byte)
            else '%' || upper(lpad(to_hex(b.byte), 2, '0'))
        end, '' order by b.place), '')
    from (
        select get_byte(path, p.place) as byte, p.place
        from generate_series(0, length(path) - 1) as p(place)
    ) as b;
end;

comment on function clipsql_private.percent_encoded(bytea) is 'A path as it stands in a URL.';
