-- Where a local picture lies, as a URL has it: by its file: address, which knows names of any bytes, else by its file.
-- Null for what is no file of its own: a picture inside a tar or Parquet file, or a path that goes up again.
create or replace function clipsql_private.encoded_path(url text, file text)
returns text
language sql stable parallel safe
begin atomic
    select p.path
    from (
        select clipsql_private.percent_encoded(coalesce(
            (
                select string_agg(
                    case when m.part[1] ~ '^%..' then decode(substr(m.part[1], 2), 'hex') else convert_to(m.part[1], 'UTF8') end,
                    ''::bytea order by m.place)
                from regexp_matches(substring(url from '(?i)^file:(?://[^/?#]*)?(/[^?#]+)'), '%[[:xdigit:]]{2}|[^%]+|%', 'g')
                    with ordinality as m(part, place)
            ),
            convert_to(file, 'UTF8'))) as path
    ) as p
    where p.path !~ '/[.]{0,2}(/|$)' and p.path !~* '[.](tar|parquet)/';
end;

comment on function clipsql_private.encoded_path(text, text) is
    'The path of a local picture, percent-encoded; null where it has no file of its own.';
