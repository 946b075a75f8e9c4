-- Softmax of one picture's cosines with the labels, sharpened by the scale that the model was trained with. Written so
-- that a query over many pictures takes it in.
create or replace function clipsql_private.label_probabilities(
    embedding halfvec, directions halfvec[], logit_scale double precision)
returns table (label_number bigint, probability double precision)
language sql immutable parallel safe
begin atomic
    select p.number, p.power / sum(p.power) over ()
    from (
        -- From the largest: no power overflows, and one is 1. Below -700 a power would not underflow silently.
        select l.number, exp(greatest(-700, l.logit - max(l.logit) over ())) as power
        from (
            select d.number, logit_scale * (1 - (embedding <=> d.direction)) as logit
            from unnest(directions) with ordinality as d(direction, number)
        ) as l
    ) as p;
end;

comment on function clipsql_private.label_probabilities(halfvec, halfvec[], double precision) is
    'Probability of each label for one picture: softmax of the scaled cosines.';
