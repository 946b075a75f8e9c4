-- CLIP's text tower for one text, layer by layer. What the export folded into the weights is not computed here: the
-- gain, bias and centring of layer norms, the scaling of attention and of the activation (see text_neuron). What is
-- left of a layer norm is l2_normalize over the residual with the tower's norm_tail appended, which stands for epsilon.
-- Attention is causal, so nothing after the pooled token matters, the start token gives the same keys and values in
-- every text (start_output), and of the last layer only the pooled token's own output is needed.
create or replace function clipsql._run_text_tower(
    tower clipsql.text_tower, token_ids integer[], out pooled vector, out attention vector[])
language plpgsql stable parallel safe
set search_path from current
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    width constant integer := tower.width;
    pooled_at constant integer := case
        when tower.pooled_id is null then
            array_position(token_ids, (select max(t.token_id) from unnest(token_ids) as t (token_id)))
        else array_position(token_ids, tower.pooled_id) end;
    tail constant vector := array[tower.norm_tail]::vector;
    residuals vector[];
    inputs halfvec[];
    token_keys vector[];
    token_values vector[];
    added vector[];
begin
    residuals := array(
        select t.embedding::vector + p.embedding
        from unnest(token_ids[2 : pooled_at]) with ordinality as given (token_id, number)
        join clipsql.text_token as t on t.model_id = tower.model_id and t.token_id = given.token_id
        join clipsql.text_position as p on p.model_id = tower.model_id and p.position = given.number + 1
        order by given.number);
    for this_layer in 1 .. tower.layers loop
        inputs := array(select subvector(l2_normalize(r.body || tail), 1, width)::halfvec from unnest(residuals) as r (body));
        token_keys := clipsql._project_tokens(tower.model_id, this_layer, 'key', inputs);
        token_values := clipsql._token_values(tower.model_id, this_layer, inputs);
        if this_layer = tower.layers then
            inputs := inputs[cardinality(inputs) :];
            residuals := residuals[cardinality(residuals) :];
        end if;
        attention := clipsql._attention_weights(
            tower.heads, clipsql._project_tokens(tower.model_id, this_layer, 'query', inputs), token_keys);
        added := clipsql._project_tokens(
            tower.model_id, this_layer, 'output', clipsql._mix_values(tower.heads, attention, token_values));
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
        inputs := array(select subvector(l2_normalize(r.body || tail), 1, width)::halfvec from unnest(residuals) as r (body));
        added := clipsql._project_tokens(
            tower.model_id, this_layer, 'contract',
            clipsql._expand_tokens(tower.model_id, this_layer, tower.gate, inputs));
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
    end loop;
    inputs := array[subvector(l2_normalize(residuals[1] || tail), 1, width)::halfvec];
    pooled := (clipsql._project_tokens(tower.model_id, tower.layers + 1, 'project', inputs))[1];
end;
$$;

comment on function clipsql._run_text_tower(clipsql.text_tower, integer[]) is
    'Projected, not normalised vector of a text, and the last layer''s attention of its pooled token for each head.';
