-- Warns of a text that is mostly unknown to a model: its vector is confident nonsense. A word is unknown when it is the
-- unknown token or nothing, or falls into more tokens than it has characters: pieces of bytes, which mean nothing.
create or replace function clipsql_private.warn_of_unknown(
    query text, tower clipsql_private.text_tower, model_name text)
returns void
language plpgsql stable parallel safe
as $$
declare
    unknown bigint;
    known bigint;
begin
    select
        sum(length(w.word)) filter (where w.is_unknown), sum(length(w.word)) filter (where not w.is_unknown)
    into unknown, known
    from (
        select
            e.word, count(*) > length(e.word) or bool_or(e.token_id is not distinct from tower.unknown_id) as is_unknown
        from clipsql_private.encode_words(query, tower) as e
        group by e.word_number, e.word) as w;
    if known is null or unknown > known then
        raise warning using errcode = '01CQ1', message = format(
            'Most of the text "%s" is unknown to model %s, so what it finds means little;'
            ' ask in a language that the model was trained on.',
            left(query, 50) || case when length(query) > 50 then '...' else '' end, model_name);
    end if;
end;
$$;

comment on function clipsql_private.warn_of_unknown(text, clipsql_private.text_tower, text) is
    'Raises a warning when most characters of a text belong to words that the model does not know.';
