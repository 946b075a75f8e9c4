-- WordPiece: always the longest piece of the vocabulary that what is left of a word begins with, ## before every piece
-- but the first. A word that cannot be pieced together, or is longer than 100 characters, is the unknown token.
create or replace function clipsql_private.match_pieces(word text, tower clipsql_private.text_tower)
returns integer[]
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
declare
    unknown constant integer[] := array[tower.unknown_id];
    ids integer[] := '{}';
    rest text := word;
    mark text := '';
    best record;
begin
    if length(word) > 100 then
        return unknown;
    end if;
    while rest <> '' loop
        select w.token_id, s.size into best
        from generate_series(1, length(rest)) as s (size)
        join clipsql_private.text_word as w on w.model_id = tower.model_id and w.word = mark || left(rest, s.size)
        order by s.size desc
        limit 1;
        if not found then
            return unknown;
        end if;
        ids := ids || best.token_id;
        rest := substr(rest, best.size + 1);
        mark := '##';
    end loop;
    return ids;
end;
$$;

comment on function clipsql_private.match_pieces(text, clipsql_private.text_tower) is
    'Token ids of one word by WordPiece.';
