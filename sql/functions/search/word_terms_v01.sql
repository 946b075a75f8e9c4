-- The words of a text as a search by rank looks for them in captions of one language: stems without stop words, and of
-- a run of Chinese characters each pair of neighbours. The number is the word's place, the same in every language.
create or replace function clipsql_private.word_terms(query text, language_code text)
returns table (number integer, term tsquery)
language sql immutable parallel safe
begin atomic
    select min(t.position)::integer, t.term
    from (
        select w.position, case
            when w.is_han and w.next_is_han and w.next_position = w.position + 1 then w.quoted || '<->' || w.next_quoted
            when w.is_han and w.last_is_han and w.last_position = w.position - 1 then null  -- the second of a pair
            else w.quoted end::tsquery as term
        from (
            select
                l.position, l.quoted, l.is_han,
                lead(l.position) over places as next_position, lag(l.position) over places as last_position,
                lead(l.quoted) over places as next_quoted,
                lead(l.is_han) over places as next_is_han, lag(l.is_han) over places as last_is_han
            from (
                select
                    p.position,
                    '''' || replace(replace(u.lexeme, '\', '\\'), '''', '''''') || '''' as quoted,
                    u.lexeme ~ ('^[' || clipsql_private.han_characters() || ']$') as is_han
                -- A description is short; the rest of a long text adds time and no meaning.
                from unnest(clipsql_private.caption_words(left(query, 2000), language_code)) as u
                cross join unnest(u.positions) as p(position)
            ) as l
            window places as (order by l.position)
        ) as w
    ) as t
    where t.term is not null
    group by t.term;
end;

comment on function clipsql_private.word_terms(text, text) is
    'The words of a text as tsquery terms for captions of one language, each with its place in the text.';
