-- How many alarms a day to come will have, in 95 of 100 cases, from the numbers of days that are past. Counts are made even
-- by their square root (Anscombe 1948). Days differ more than chance alone would have them, as the weather does, and a few
-- tell little of how much: two days that differ by chance alone are thought beside them, and what is then left unsure widens
-- the interval by Student's t (expanded as Fisher and Cornish 1960 give it). benchmarks/watch_rates.py shows how often it holds.
create or replace function clipsql_private.daily_interval(alarms bigint[], out low double precision, out high double precision)
language sql immutable parallel safe
begin atomic
    select
        greatest(0, greatest(0, s.root - s.reach) ^ 2 - 0.375),
        (s.root + s.reach) ^ 2 - 0.375
    from (
        select
            sqrt(d.mean + 0.375) as root,
            0.5 * sqrt(greatest(1, (d.spread + 2) / d.freedom) * (1 + 1.0 / d.days))
            * (1.96 + 2.3723 / d.freedom + 2.8237 / d.freedom ^ 2 + 2.5550 / d.freedom ^ 3) as reach
        from (
            select
                avg(a.number)::double precision as mean, count(*) as days, count(*) + 1.0::double precision as freedom,
                coalesce((count(*) - 1) * var_samp(a.number) / nullif(avg(a.number), 0), 0)::double precision as spread
            from unnest(alarms) as a(number)
        ) as d
    ) as s;
end;

comment on function clipsql_private.daily_interval(bigint[]) is
    'Least and most alarms of a day to come, in 95 of 100 cases, from those of past days.';
