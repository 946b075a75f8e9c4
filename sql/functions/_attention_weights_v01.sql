-- How much each query token looks at each token up to itself, head by head: the softmax of scaled inner products. The
-- scaling is in the weights of the queries. The largest score is taken off first, and what is then below the smallest
-- float is clamped: PostgreSQL's exp() raises an error where other libraries give infinity or zero.
create or replace function clipsql._attention_weights(heads integer, queries vector[], keys vector[])
returns vector[]
language plpgsql immutable parallel safe
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    per_head constant integer := vector_dims(keys[1]) / heads;
    earlier constant integer := cardinality(keys) - cardinality(queries);  -- tokens before the first query
begin
    return array(
        with query as materialized (
            select q.number, h.head, subvector(q.body, (h.head - 1) * per_head + 1, per_head) as body
            from unnest(queries) with ordinality as q (body, number), generate_series(1, heads) as h (head)
        ), key as materialized (
            select k.number, h.head, subvector(k.body, (h.head - 1) * per_head + 1, per_head) as body
            from unnest(keys) with ordinality as k (body, number), generate_series(1, heads) as h (head)
        ), score as (
            select
                query.number, query.head, array_agg(inner_product(query.body, key.body) order by key.number) as scores,
                max(inner_product(query.body, key.body)) as highest
            from query
            join key on key.head = query.head and key.number <= earlier + query.number
            group by query.number, query.head
        ), raised as (
            select
                s.number, s.head,
                array(select exp(greatest(x.score - s.highest, -700)) from unnest(s.scores) as x (score)) as powers
            from score as s
        )
        select (
            array(select x.power / t.total from unnest(r.powers) as x (power))
                || array_fill(0::double precision, array[cardinality(keys) - cardinality(r.powers)]))::vector
        from raised as r, lateral (select sum(x.power) as total from unnest(r.powers) as x (power)) as t
        order by r.number, r.head);
end;
$$;

comment on function clipsql._attention_weights(integer, vector[], vector[]) is
    'Attention of the last tokens over all tokens, as one vector for each query token and head, in that order.';
