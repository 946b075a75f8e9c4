-- The text's unit-length embedding, computed by the model's own text tower inside the database: no Python, no network.
-- A model whose tower SQL cannot run answers with what "clipsql model remember" stored.
-- A plan without an index calls this for every row, and a select list may repeat it. So the transaction keeps its latest
-- result in a setting of its own and takes it from there; a parallel plan could not set it, hence parallel unsafe. No
-- longer than that: the next user of a pooled session shall neither read what was asked, nor be answered by it.
create or replace function clipsql.embed_text(query text, model text default null)
returns vector
language plpgsql stable parallel unsafe cost 1000000
set search_path from current
as $$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    loaded_at constant timestamptz := (
        select t.loaded_at from clipsql_private.text_tower as t where t.model_id = chosen.model_id);
    label constant text := format(
        '%s %s %s ', chosen.model_id, extract(epoch from loaded_at), encode(sha256(convert_to(query, 'UTF8')), 'hex'));
    latest constant text := current_setting('clipsql.latest_embedding', true);
    embedding vector;
    tower clipsql_private.text_tower;
begin
    if query is null then
        return null;
    elsif starts_with(latest, label) then
        return substr(latest, length(label) + 1)::vector;
    end if;
    perform clipsql_private.check_text(query);
    if loaded_at is null then
        embedding := clipsql_private.remembered_vector(query, chosen.model_id);
        if embedding is not null then
            return embedding;
        end if;
    end if;
    tower := clipsql_private.loaded_text_tower(chosen);
    perform clipsql_private.warn_of_unknown(query, tower, chosen.name);
    embedding := l2_normalize((clipsql_private.run_text_tower(tower, clipsql.tokenize(query, chosen.name))).pooled);
    perform set_config('clipsql.latest_embedding', label || embedding::text, true);
    return embedding;
end;
$$;

comment on function clipsql.embed_text(text, text) is
    'Unit-length embedding of a text (at most 5000 characters) under a model (default: the default model).';
