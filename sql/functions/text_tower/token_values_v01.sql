-- The values of all tokens, turned: one vector over the tokens for each neuron, what is known of the start token first. In this form
-- the attention's weighted sum over tokens is an inner product. Their scale and bias are in the next matrix.
create or replace function clipsql_private.token_values(of_model integer, of_layer integer, inputs halfvec[])
returns vector[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    outputs vector[];
    block vector[];
    size integer;
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
begin
    for done in 0 .. cardinality(inputs) - 1 by 8 loop
        size := least(8, cardinality(inputs) - done);
        x1 := inputs[done + 1];
        x2 := inputs[done + 2];
        x3 := inputs[done + 3];
        x4 := inputs[done + 4];
        x5 := inputs[done + 5];
        x6 := inputs[done + 6];
        x7 := inputs[done + 7];
        x8 := inputs[done + 8];
        block := array(
            select (array[
                t.start_output,
                inner_product(t.weights, x1),
                inner_product(t.weights, x2),
                inner_product(t.weights, x3),
                inner_product(t.weights, x4),
                inner_product(t.weights, x5),
                inner_product(t.weights, x6),
                inner_product(t.weights, x7),
                inner_product(t.weights, x8)])[case when done = 0 and t.start_output is not null then 1 else 2 end : size + 1]::vector
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = 'value'
            order by t.neuron);
        if done = 0 then
            outputs := block;
        else
            outputs := array(select u.known || u.more from unnest(outputs, block) as u (known, more));
        end if;
    end loop;
    return outputs;
end;
$$;

comment on function clipsql_private.token_values(integer, integer, halfvec[]) is
    'Attention values of a layer: for each neuron one vector over the tokens.';
