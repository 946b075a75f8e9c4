-- Attention of all heads: each query token weighs the tokens, in a causal tower those up to itself, by the softmax of
-- inner products and takes the weighted sum of their values. Eight queries are answered at a time; per head, one pass over the keys gives their
-- weights and one over the values, which come turned (see _token_values), their sums. The scaling of the products is in
-- the query weights. The largest score is taken off first and what is then far below is raised to e^-700, where
-- PostgreSQL's exp() does not yet raise an error; greatest() does the same to the null of a later token.
create or replace function clipsql_private.attend(
    heads integer, is_causal boolean, queries vector[], token_keys vector[], token_values vector[])
returns halfvec[]
language plpgsql immutable parallel safe
set search_path from current
as $$
declare
    per_head constant integer := vector_dims(token_keys[1]) / heads;
    earlier constant integer := cardinality(token_keys) - cardinality(queries);  -- tokens before the first query
    outputs halfvec[] := '{}';
    size integer;
    seen integer;
    q1 vector; q2 vector; q3 vector; q4 vector; q5 vector; q6 vector; q7 vector; q8 vector;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    for done in 0 .. cardinality(queries) - 1 by 8 loop
        size := least(8, cardinality(queries) - done);
        -- By the first of these, but for itself.
        seen := case when is_causal then earlier + done else cardinality(token_keys) end;
        q1 := queries[done + 1];
        q2 := queries[done + 2];
        q3 := queries[done + 3];
        q4 := queries[done + 4];
        q5 := queries[done + 5];
        q6 := queries[done + 6];
        q7 := queries[done + 7];
        q8 := queries[done + 8];
        select
            array_agg(inner_product(v.tokens, weight.p1) / weight.t1),
            array_agg(inner_product(v.tokens, weight.p2) / weight.t2) filter (where size >= 2),
            array_agg(inner_product(v.tokens, weight.p3) / weight.t3) filter (where size >= 3),
            array_agg(inner_product(v.tokens, weight.p4) / weight.t4) filter (where size >= 4),
            array_agg(inner_product(v.tokens, weight.p5) / weight.t5) filter (where size >= 5),
            array_agg(inner_product(v.tokens, weight.p6) / weight.t6) filter (where size >= 6),
            array_agg(inner_product(v.tokens, weight.p7) / weight.t7) filter (where size >= 7),
            array_agg(inner_product(v.tokens, weight.p8) / weight.t8) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from generate_series(1, heads) as h (head)
        cross join lateral (
            select
                subvector(q1, (h.head - 1) * per_head + 1, per_head) as q1,
                subvector(q2, (h.head - 1) * per_head + 1, per_head) as q2,
                subvector(q3, (h.head - 1) * per_head + 1, per_head) as q3,
                subvector(q4, (h.head - 1) * per_head + 1, per_head) as q4,
                subvector(q5, (h.head - 1) * per_head + 1, per_head) as q5,
                subvector(q6, (h.head - 1) * per_head + 1, per_head) as q6,
                subvector(q7, (h.head - 1) * per_head + 1, per_head) as q7,
                subvector(q8, (h.head - 1) * per_head + 1, per_head) as q8
            offset 0  -- once for each head
        ) as query
        cross join lateral (
            select
                array_agg(power.e1)::vector as p1, sum(power.e1) as t1,
                array_agg(power.e2)::vector as p2, sum(power.e2) as t2,
                array_agg(power.e3)::vector as p3, sum(power.e3) as t3,
                array_agg(power.e4)::vector as p4, sum(power.e4) as t4,
                array_agg(power.e5)::vector as p5, sum(power.e5) as t5,
                array_agg(power.e6)::vector as p6, sum(power.e6) as t6,
                array_agg(power.e7)::vector as p7, sum(power.e7) as t7,
                array_agg(power.e8)::vector as p8, sum(power.e8) as t8
            from (
                select
                    exp(greatest(score.s1 - max(score.s1) over (), -700)) as e1,
                    exp(greatest(score.s2 - max(score.s2) over (), -700)) as e2,
                    exp(greatest(score.s3 - max(score.s3) over (), -700)) as e3,
                    exp(greatest(score.s4 - max(score.s4) over (), -700)) as e4,
                    exp(greatest(score.s5 - max(score.s5) over (), -700)) as e5,
                    exp(greatest(score.s6 - max(score.s6) over (), -700)) as e6,
                    exp(greatest(score.s7 - max(score.s7) over (), -700)) as e7,
                    exp(greatest(score.s8 - max(score.s8) over (), -700)) as e8
                from (
                    select
                        case when key.number <= seen + 1 then inner_product(key.body, query.q1) end as s1,
                        case when key.number <= seen + 2 then inner_product(key.body, query.q2) end as s2,
                        case when key.number <= seen + 3 then inner_product(key.body, query.q3) end as s3,
                        case when key.number <= seen + 4 then inner_product(key.body, query.q4) end as s4,
                        case when key.number <= seen + 5 then inner_product(key.body, query.q5) end as s5,
                        case when key.number <= seen + 6 then inner_product(key.body, query.q6) end as s6,
                        case when key.number <= seen + 7 then inner_product(key.body, query.q7) end as s7,
                        case when key.number <= seen + 8 then inner_product(key.body, query.q8) end as s8
                    from (
                        select k.number, subvector(k.body, (h.head - 1) * per_head + 1, per_head) as body
                        from unnest(token_keys) with ordinality as k (body, number)
                        offset 0
                    ) as key
                ) as score
            ) as power
        ) as weight
        cross join lateral unnest(token_values[(h.head - 1) * per_head + 1 : h.head * per_head]) as v (tokens);
        outputs := outputs || (array[
            y1::halfvec, y2::halfvec, y3::halfvec, y4::halfvec,
            y5::halfvec, y6::halfvec, y7::halfvec, y8::halfvec])[:size];
    end loop;
    return outputs;
end;
$$;

comment on function clipsql_private.attend(integer, boolean, vector[], vector[], vector[]) is
    'Attention output of the last tokens of a text over all of them.';
