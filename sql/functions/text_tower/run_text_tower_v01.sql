-- A text tower, CLIP's or BERT's, for one text, layer by layer. What the export folded into the weights is not computed
-- here: the gain, bias and centring of layer norms, the scaling of attention and of the activation. Where attention is
-- causal nothing after the pooled token matters, and the start token gives the same keys and values in every text
-- (start_output). Of the last layer only the pooled token's own output is needed.
create or replace function clipsql_private.run_text_tower(
    tower clipsql_private.text_tower, token_ids integer[], out pooled vector, out last_query vector, out last_keys vector[])
language plpgsql stable parallel safe
set search_path from current
-- These hold for the functions called here too. Rows must come through the index, whatever the statistics and the
-- session say; one plan fits every text; statements this short gain nothing from more processes or compilation.
set enable_indexscan = on
set enable_nestloop = on
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
    pooled_at constant integer := case
        when tower.pooled_id is null then
            array_position(token_ids, (select max(t.token_id) from unnest(token_ids) as t (token_id)))
        else array_position(token_ids, tower.pooled_id) end;
    first constant integer := case when tower.is_causal then 2 else 1 end;
    last constant integer := case when tower.is_causal then pooled_at else cardinality(token_ids) end;
    pooled_place constant integer := pooled_at - first + 1;  -- among the residuals
    residuals vector[];
    inputs halfvec[];
    queries vector[];
    token_keys vector[];
    token_values vector[];
    added vector[];
begin
    residuals := array(
        select t.embedding::vector + p.embedding
        from unnest(token_ids[first : last]) with ordinality as given (token_id, number)
        join clipsql_private.text_token as t on t.model_id = tower.model_id and t.token_id = given.token_id
        join clipsql_private.text_position as p on p.model_id = tower.model_id and p.position = given.number + first - 1
        order by given.number);
    for this_layer in 1 .. tower.layers loop
        inputs := clipsql_private.normalize_tokens(residuals, tower.norm_tail);
        token_keys := clipsql_private.project_tokens(tower.model_id, this_layer, 'key', inputs);
        token_values := clipsql_private.token_values(tower.model_id, this_layer, inputs);
        if this_layer = tower.layers then
            inputs := inputs[pooled_place : pooled_place];
            residuals := residuals[pooled_place : pooled_place];
        end if;
        queries := clipsql_private.project_tokens(tower.model_id, this_layer, 'query', inputs);
        added := clipsql_private.project_tokens(
            tower.model_id, this_layer, 'output',
            clipsql_private.attend(tower.heads, tower.is_causal, queries, token_keys, token_values));
        residuals := clipsql_private.carry_tokens(
            tower.model_id, this_layer, 'before_attention', tower.norm_tail, residuals);
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
        inputs := clipsql_private.normalize_tokens(residuals, tower.norm_tail);
        added := clipsql_private.project_tokens(
            tower.model_id, this_layer, 'contract',
            clipsql_private.expand_tokens(tower.model_id, this_layer, tower.gate, inputs));
        residuals := clipsql_private.carry_tokens(
            tower.model_id, this_layer, 'before_perceptron', tower.norm_tail, residuals);
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
    end loop;
    last_query := queries[1];
    last_keys := token_keys;
    pooled := (clipsql_private.project_tokens(
        tower.model_id, tower.layers + 1, 'project',
        clipsql_private.normalize_tokens(residuals, tower.norm_tail)))[1];
end;
$$;

comment on function clipsql_private.run_text_tower(clipsql_private.text_tower, integer[]) is
    'Vector of a text, not yet of unit length; for explain_text also the last layer''s keys and pooled query.';
