-- A websearch query in every language that captions are stemmed for: the index finds the candidates with it,
-- then each caption is checked in its own language.
create or replace function clipsql_private.any_caption_query(query text)
returns tsquery
language sql immutable parallel safe
begin atomic
    select string_agg(distinct '(' || q.words::text || ')', ' | ')::tsquery
    from unnest(clipsql_private.caption_languages()) as l(language_code)
    cross join lateral clipsql_private.caption_query(query, l.language_code) as q(words)
    where numnode(q.words) > 0;
end;

comment on function clipsql_private.any_caption_query(text) is
    'A websearch query that matches whatever the query of any one language matches; null when only stop words are left.';
