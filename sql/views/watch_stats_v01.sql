-- What became of each watch. Precision is the share of judged alarms that were right, with Wilson's interval (1927), which
-- holds the truth in 95 of 100 cases. The proposed threshold is the one at which the judged alarms would have been parted
-- best: with the largest F1, the harmonic mean of precision and of the share of right alarms that stay.
create or replace view clipsql.watch_stats with (security_invoker = true) as
select
    w.watch_id,
    w.name,
    a.alerts,
    a.repeats,
    a.last_raised_at,
    a.judged,
    a.right_ones / nullif(a.judged, 0)::double precision as precision,
    p.low as precision_low,
    p.high as precision_high,
    w.min_similarity,
    t.similarity as proposed_min_similarity
from clipsql.watch_list as w
cross join lateral (
    select
        count(*) as alerts, coalesce(sum(a.repeats), 0)::bigint as repeats, max(a.raised_at) as last_raised_at,
        count(a.verdict) as judged, count(*) filter (where a.verdict) as right_ones
    from clipsql.alert as a
    where a.watch_id = w.watch_id
) as a
left join lateral (
    select
        greatest(0, (s.share + s.z / 2 - s.reach) / (1 + s.z)) as low,
        least(1, (s.share + s.z / 2 + s.reach) / (1 + s.z)) as high
    from (
        select b.share, b.z, sqrt(b.z * b.share * (1 - b.share) + b.z ^ 2 / 4) as reach
        from (select a.right_ones / nullif(a.judged, 0)::double precision as share, 3.8416 / nullif(a.judged, 0) as z) as b
    ) as s
) as p on a.judged > 0
left join lateral (
    select f.similarity
    from (
        select
            j.similarity,
            sum(j.verdict::integer) over (order by j.similarity desc) as right_ones,
            count(*) over (order by j.similarity desc) as above
        from clipsql.alert as j
        where j.watch_id = w.watch_id and j.verdict is not null
    ) as f
    order by f.right_ones / nullif(f.above + a.right_ones, 0)::double precision desc, f.similarity desc
    limit 1
) as t on a.judged >= 10 and a.right_ones > 0;

comment on view clipsql.watch_stats is 'What became of each watch: its alarms, how many were right, and the threshold that would part them best.';
comment on column clipsql.watch_stats.watch_id is 'The watch.';
comment on column clipsql.watch_stats.name is 'What it is called.';
comment on column clipsql.watch_stats.alerts is 'Alarms that it raised.';
comment on column clipsql.watch_stats.repeats is 'Further pictures that fell into the same periods.';
comment on column clipsql.watch_stats.last_raised_at is 'When the last alarm was raised.';
comment on column clipsql.watch_stats.judged is 'Alarms that somebody has judged (clipsql.judge_alert).';
comment on column clipsql.watch_stats.precision is 'Share of the judged alarms that were right, 0 to 1; null before one is judged.';
comment on column clipsql.watch_stats.precision_low is 'The true share is not below, in 95 of 100 cases (Wilson''s interval).';
comment on column clipsql.watch_stats.precision_high is 'The true share is not above, in 95 of 100 cases (Wilson''s interval).';
comment on column clipsql.watch_stats.min_similarity is 'The threshold as it is.';
comment on column clipsql.watch_stats.proposed_min_similarity is
    'The threshold that parts right from wrong alarms best, by F1; null before ten are judged and one was right.';
