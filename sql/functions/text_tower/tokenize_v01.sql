-- Token ids as transformers' tokenizer of the model gives them, start and end included, cut to what the model takes.
create or replace function clipsql.tokenize(query text, model text default null)
returns integer[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    tower constant clipsql_private.text_tower := clipsql_private.loaded_text_tower(clipsql_private.resolve_model(model));
begin
    if query is null then
        return null;
    end if;
    perform clipsql_private.check_most('query', length(query), 'characters', 'CQ006');
    return tower.start_id
        || array(
            select w.token_id
            from clipsql_private.encode_words(query, tower) with ordinality as w (token_id, word_number, word, number)
            order by w.number)
        || tower.end_id;
end;
$$;

comment on function clipsql.tokenize(text, text) is
    'Token ids of a text (at most 5000 characters) for a model (default: the default model), start and end included.';
