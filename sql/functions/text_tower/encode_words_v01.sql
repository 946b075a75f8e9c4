-- Tokens of a text between start and end, each with the word that it is a piece of. Tokens such as <|endoftext|> that
-- were added to the vocabulary are cut out first where somebody typed them: those that the tokenizer matches as typed
-- before the text is normalised, the others after. Of a long part only as much is split as can be needed: no token of
-- byte pairs is near 100 characters long, though a word that WordPiece does not know may be.
create or replace function clipsql_private.encode_words(query text, tower clipsql_private.text_tower)
returns table (token_id integer, word_number integer, word text)
language plpgsql stable parallel safe rows 10
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    room constant integer := tower.max_tokens - 2;
    word_total integer := 0;
    token_total integer := 0;
    typed record;
    piece record;
    ids integer[];
begin
    for typed in
        select part.body, part.token_id from clipsql_private.cut_added_tokens(query, tower) as part order by part.number
    loop
        for piece in
            select s.number, s.word, w.token_id
            from (
                select b.number, b.word
                from clipsql_private.split_words(left(typed.body, 100 * room), tower.split_pattern) as b
                where tower.vocabulary = 'BPE'
                union all
                select p.number, p.word
                from clipsql_private.bert_words(typed.body) as p
                where tower.vocabulary = 'WordPiece') as s
            left join clipsql_private.text_word as w on w.model_id = tower.model_id and w.word = s.word
            where typed.token_id is null
            union all
            select 1, typed.body, typed.token_id where typed.token_id is not null
            order by 1
        loop
            word_total := word_total + 1;
            ids := case
                when piece.token_id is not null then array[piece.token_id]
                when tower.vocabulary = 'BPE' then clipsql_private.merge_bytes(piece.word, tower)
                else clipsql_private.match_pieces(piece.word, tower) end;
            return query select i.id, word_total, piece.word from unnest(ids[: room - token_total]) as i (id);
            token_total := token_total + cardinality(ids);
            if token_total >= room then
                return;
            end if;
        end loop;
    end loop;
end;
$$;

comment on function clipsql_private.encode_words(text, clipsql_private.text_tower) is
    'Token ids of a text between start and end, cut to what the model takes, with the word that each belongs to.';
