-- What each query takes from the tokens it sees: for every neuron of a head the weighted sum of its values.
create or replace function clipsql._mix_values(heads integer, weights vector[], token_values vector[])
returns halfvec[]
language plpgsql immutable parallel safe
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    per_head constant integer := cardinality(token_values) / heads;
    queries constant integer := cardinality(weights) / heads;
    outputs halfvec[] := '{}';
    size integer;
    p1 vector; p2 vector; p3 vector; p4 vector; p5 vector; p6 vector; p7 vector; p8 vector;
    c1 double precision[]; c2 double precision[]; c3 double precision[]; c4 double precision[];
    c5 double precision[]; c6 double precision[]; c7 double precision[]; c8 double precision[];
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    for done in 0 .. queries - 1 by 8 loop
        size := least(8, queries - done);
        y1 := null; y2 := null; y3 := null; y4 := null; y5 := null; y6 := null; y7 := null; y8 := null;
        for head in 1 .. heads loop
            p1 := weights[done * heads + head];
            p2 := weights[(done + 1) * heads + head];
            p3 := weights[(done + 2) * heads + head];
            p4 := weights[(done + 3) * heads + head];
            p5 := weights[(done + 4) * heads + head];
            p6 := weights[(done + 5) * heads + head];
            p7 := weights[(done + 6) * heads + head];
            p8 := weights[(done + 7) * heads + head];
            select
                array_agg(inner_product(v.tokens, p1)),
                array_agg(inner_product(v.tokens, p2)) filter (where size >= 2),
                array_agg(inner_product(v.tokens, p3)) filter (where size >= 3),
                array_agg(inner_product(v.tokens, p4)) filter (where size >= 4),
                array_agg(inner_product(v.tokens, p5)) filter (where size >= 5),
                array_agg(inner_product(v.tokens, p6)) filter (where size >= 6),
                array_agg(inner_product(v.tokens, p7)) filter (where size >= 7),
                array_agg(inner_product(v.tokens, p8)) filter (where size >= 8)
            into c1, c2, c3, c4, c5, c6, c7, c8
            from unnest(token_values[(head - 1) * per_head + 1 : head * per_head]) as v (tokens);
            y1 := y1 || c1; y2 := y2 || c2; y3 := y3 || c3; y4 := y4 || c4;
            y5 := y5 || c5; y6 := y6 || c6; y7 := y7 || c7; y8 := y8 || c8;
        end loop;
        outputs := outputs || (array[
            y1::halfvec, y2::halfvec, y3::halfvec, y4::halfvec,
            y5::halfvec, y6::halfvec, y7::halfvec, y8::halfvec])[:size];
    end loop;
    return outputs;
end;
$$;

comment on function clipsql._mix_values(integer, vector[], vector[]) is
    'Attention output of each query token, from its weights in each head and the values of all tokens.';
