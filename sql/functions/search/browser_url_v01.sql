-- Nothing comes out but http(s) and what clipsql.settings allows: anybody who writes pictures chooses their url.
create or replace function clipsql_private.browser_url(url text, file text)
returns text
language sql stable parallel safe
begin atomic
    select case
        when url ~* '^https?://' then url
        else (
            select rtrim(s.url_prefix, '/') || '/' || substr(p.path, length(f.folder) + 1)
            from clipsql_private.encoded_path(url, file) as p(path)
            join clipsql.settings as s on true
            cross join lateral (
                select rtrim(clipsql_private.percent_encoded(convert_to(s.picture_folder, 'UTF8')), '/') || '/' as folder
            ) as f
            where starts_with(p.path, f.folder)
            order by length(f.folder) desc
            limit 1
        )
    end;
end;

comment on function clipsql_private.browser_url(text, text) is
    'Where a browser finds what is stored under such a url and file; null where it does not.';
