-- The first half of a layer's perceptron with its activation: _project_tokens with a gate over every result.
create or replace function clipsql_private.expand_tokens(
    of_model integer, of_layer integer, gate double precision[], inputs halfvec[])
returns halfvec[]
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    outputs halfvec[] := '{}';
    size integer;
    g0 constant double precision := gate[1];
    g1 constant double precision := gate[2];
    g2 constant double precision := gate[3];
    g3 constant double precision := gate[4];
    g4 constant double precision := gate[5];
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
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
        select
            array_agg(clipsql_private.gate(n.t1, g0, g1, g2, g3, g4)),
            array_agg(clipsql_private.gate(n.t2, g0, g1, g2, g3, g4)) filter (where size >= 2),
            array_agg(clipsql_private.gate(n.t3, g0, g1, g2, g3, g4)) filter (where size >= 3),
            array_agg(clipsql_private.gate(n.t4, g0, g1, g2, g3, g4)) filter (where size >= 4),
            array_agg(clipsql_private.gate(n.t5, g0, g1, g2, g3, g4)) filter (where size >= 5),
            array_agg(clipsql_private.gate(n.t6, g0, g1, g2, g3, g4)) filter (where size >= 6),
            array_agg(clipsql_private.gate(n.t7, g0, g1, g2, g3, g4)) filter (where size >= 7),
            array_agg(clipsql_private.gate(n.t8, g0, g1, g2, g3, g4)) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from (
            select
                inner_product(t.weights, x1) + t.bias as t1,
                inner_product(t.weights, x2) + t.bias as t2,
                inner_product(t.weights, x3) + t.bias as t3,
                inner_product(t.weights, x4) + t.bias as t4,
                inner_product(t.weights, x5) + t.bias as t5,
                inner_product(t.weights, x6) + t.bias as t6,
                inner_product(t.weights, x7) + t.bias as t7,
                inner_product(t.weights, x8) + t.bias as t8
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = 'expand'
            order by t.neuron) as n;
        outputs := outputs || (array[
            y1::halfvec, y2::halfvec, y3::halfvec, y4::halfvec,
            y5::halfvec, y6::halfvec, y7::halfvec, y8::halfvec])[:size];
    end loop;
    return outputs;
end;
$$;

comment on function clipsql_private.expand_tokens(integer, integer, double precision[], halfvec[]) is
    'The widening half of a layer''s perceptron and its activation, applied to every token.';
