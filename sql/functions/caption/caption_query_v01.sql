-- A websearch query ('red truck', '"two dogs" -snow', '红色卡车') as tsquery in one language. A run of Chinese
-- characters outside quotes must stand together, so it is quoted before each character becomes a word.
create or replace function clipsql_private.caption_query(query text, language_code text)
returns tsquery
language sql immutable parallel safe
return websearch_to_tsquery(
    clipsql_private.caption_configuration(language_code),
    clipsql_private.spaced_han(case
        when strpos(query, '"') > 0 then query
        else regexp_replace(query, '([' || clipsql_private.han_characters() || ']{2,})', ' "\1" ', 'g')
    end));

comment on function clipsql_private.caption_query(text, text) is
    'A websearch query over captions of one language; Chinese and Japanese are found as substrings.';
