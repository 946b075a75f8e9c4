-- Extrapolated rank-biased overlap of two answers (Webber, Moffat and Zobel 2010, equation 32): how much the first so many of
-- them have in common, for each depth, where each depth counts `persistence` times the one before. Null when both are empty.
create or replace function clipsql_private.rank_biased_overlap(one bigint[], other bigint[], persistence double precision)
returns double precision
language sql immutable parallel safe
begin atomic
    with ends as (
        select least(cardinality(one), cardinality(other)) as short, greatest(cardinality(one), cardinality(other)) as long
    ), common as (
        select greatest(a.place, b.place) as depth
        from unnest(one) with ordinality as a(image_id, place)
        join unnest(other) with ordinality as b(image_id, place) on b.image_id = a.image_id
    ), overlap as (
        select d.depth, count(c.depth)::double precision as shared
        from ends as e
        cross join lateral generate_series(1, e.long) as d(depth)
        left join common as c on c.depth <= d.depth
        group by d.depth
    ), summed as (
        select
            e.short, e.long,
            coalesce((select o.shared from overlap as o where o.depth = e.short), 0) as shared_short,
            (select o.shared from overlap as o where o.depth = e.long) as shared_long,
            (select sum(o.shared / o.depth * persistence ^ o.depth) from overlap as o) as seen
        from ends as e
    )
    select case when s.short = 0 then case when s.long > 0 then 0 end else
        (1 - persistence) / persistence * (
            s.seen + coalesce((
                select sum(s.shared_short * (d.depth - s.short) / (s.short * d.depth) * persistence ^ d.depth)
                from generate_series(s.short + 1, s.long) as d(depth)), 0))
        + ((s.shared_long - s.shared_short) / s.long + s.shared_short / s.short) * persistence ^ s.long
        end
    from summed as s;
end;

comment on function clipsql_private.rank_biased_overlap(bigint[], bigint[], double precision) is
    'How much two answers have in common, their first pictures most: 1 when they are the same, 0 when they share none.';
