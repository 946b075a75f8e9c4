-- The text's unit-length embedding, computed by the model's own text tower inside the database: no Python, no network.
-- A model whose tower is of another kind answers with what "clipsql model remember" stored.
-- A plan without an index may call this for every row, and a select list repeats it; so the session keeps the last
-- result in a setting and hands it out again. Setting it is why this is parallel unsafe.
create or replace function clipsql.embed_text(query text, model text default null)
returns vector
language plpgsql stable parallel unsafe cost 1000000
set search_path from current
as $$
declare
    chosen constant clipsql.model := clipsql._resolve_model(model);
    tower clipsql.text_tower;
    kept vector;
begin
    if query is null then
        return null;
    elsif clipsql._shape_text(query) !~ '[^ ]' then
        raise exception using errcode = 'CQ006', message = 'The text is empty; give at least one word.';
    end if;
    select r.embedding into kept
    from clipsql.remembered_text as r where r.model_id = chosen.model_id and r.body = query
        and not exists (select from clipsql.text_tower as t where t.model_id = chosen.model_id);
    if found then
        return kept;
    end if;
    tower := clipsql._loaded_text_tower(chosen);
    return l2_normalize((clipsql._run_text_tower(tower, clipsql.tokenize(query, chosen.name))).pooled);
end;
$$;

comment on function clipsql.embed_text(text, text) is
    'Unit-length embedding of a text under a model (default: the default model).';
