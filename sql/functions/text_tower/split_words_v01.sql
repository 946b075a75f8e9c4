-- The pieces that a tokenizer encodes one by one: words, digits, runs of signs, and 's 't 're 've 'm 'll 'd. Both of
-- the tokenizer's patterns are applied: its own (from the model), then the byte-level one to every piece of it.
create or replace function clipsql_private.split_words(body text, pattern text)
returns table (number bigint, word text)
language plpgsql immutable parallel safe rows 10
as $$
declare
    body_shape constant text := clipsql_private.shape_text(body) collate "C";
begin
    return query
    with piece as (
        select
            p.number, p.found[2] as shape,
            sum(length(p.found[1]) + length(p.found[2])) over (order by p.number) - length(p.found[2]) as before
        from regexp_matches(body_shape, '( *)(' || pattern || ')', 'g') with ordinality as p (found, number)
    ), part as (
        select
            q.number as part_number, piece.number as piece_number, length(q.found[1]) as size,
            piece.before + sum(length(q.found[1])) over (partition by piece.number order by q.number) as ends_at
        from piece,
            regexp_matches(piece.shape, '''s|''t|''re|''ve|''m|''ll|''d|[a-zZ]+|[0-9]+|[^ a-zZ0-9]+', 'g')
            with ordinality as q (found, number)
    )
    select
        row_number() over (order by part.piece_number, part.part_number),
        substr(body, (part.ends_at - part.size + 1)::integer, part.size)
    from part;
end;
$$;

comment on function clipsql_private.split_words(text, text) is
    'Pieces of a normalised text that a tokenizer encodes one by one.';
