-- A websearch query ('red truck', '"two dogs" -snow', '红色卡车') as tsquery in one language. A run of Chinese
-- characters outside quotes must stand together, so it is quoted before each character becomes a word. Quotes may be
-- Chinese or Japanese, the minus full-width, as input methods write them. The word source:person leaves out what models
-- wrote, source:model what people did; a minus turns either around.
create or replace function clipsql_private.caption_query(query text, language_code text)
returns tsquery
language sql immutable parallel safe
return (
    select coalesce(q.words && q.wanted_source, q.words)
    from (
        select
            websearch_to_tsquery(
                clipsql_private.caption_configuration(language_code),
                clipsql_private.spaced_han(string_agg(
                    case
                        when starts_with(part.found[1], '"') then part.found[1]
                        else regexp_replace(
                            regexp_replace(part.found[1], '(^|[[:space:]])-?source:(person|model)(?![^[:space:]])', ' ', 'g'),
                            '([' || clipsql_private.han_characters() || ']{2,})', ' "\1" ', 'g')
                    end, '' order by part.number))) as words,
            case
                when bool_or(
                    not starts_with(part.found[1], '"')
                    and part.found[1] ~ '(^|[[:space:]])(source:person|-source:model)(?![^[:space:]])')
                    then $$!'source:model'$$::tsquery
                when bool_or(
                    not starts_with(part.found[1], '"')
                    and part.found[1] ~ '(^|[[:space:]])(source:model|-source:person)(?![^[:space:]])')
                    then $$'source:model'$$::tsquery
            end as wanted_source
        from regexp_matches(translate(query, '“”「」＂－　', '"""""- '), '("[^"]*"|[^"]+)', 'g')
            with ordinality as part (found, number)
    ) as q);

comment on function clipsql_private.caption_query(text, text) is
    'A websearch query over captions of one language; Chinese and Japanese are found as substrings.';
