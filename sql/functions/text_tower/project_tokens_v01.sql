-- One matrix of a text tower times the vectors of all tokens: nearly all of the encoder's work is here.
-- A row of text_neuron is read once for eight tokens, in index order, and each token gathers its own results: no sort
-- and no grouping over token x neuron. Scales and biases follow for all neurons of a token at once. Where it is known,
-- what the start token gives comes before the tokens.
create or replace function clipsql_private.project_tokens(
    of_model integer, of_layer integer, of_part text, inputs halfvec[])
returns vector[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    matrix clipsql_private.text_matrix;
    outputs vector[];
    size integer;
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    select m.* into matrix
    from clipsql_private.text_matrix as m
    where m.model_id = of_model and m.layer = of_layer and m.part = of_part;
    outputs := array_remove(array[matrix.start_outputs], null);
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
        select
            array_agg(inner_product(n.weights, x1)),
            array_agg(inner_product(n.weights, x2)) filter (where size >= 2),
            array_agg(inner_product(n.weights, x3)) filter (where size >= 3),
            array_agg(inner_product(n.weights, x4)) filter (where size >= 4),
            array_agg(inner_product(n.weights, x5)) filter (where size >= 5),
            array_agg(inner_product(n.weights, x6)) filter (where size >= 6),
            array_agg(inner_product(n.weights, x7)) filter (where size >= 7),
            array_agg(inner_product(n.weights, x8)) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from (
            select t.weights
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = of_part
            order by t.neuron) as n;
        outputs := outputs || array(
            select u.y * matrix.scales + matrix.biases
            from unnest((array[
                y1::vector, y2::vector, y3::vector, y4::vector,
                y5::vector, y6::vector, y7::vector, y8::vector])[:size]) as u (y));
    end loop;
    return outputs;
end;
$$;

comment on function clipsql_private.project_tokens(integer, integer, text, halfvec[]) is
    'One matrix of a text tower, with its bias, applied to every token.';
