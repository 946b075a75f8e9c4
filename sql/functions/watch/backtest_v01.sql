-- What a watch would have raised, had it been there: as new pictures are judged, so are those that are stored.
create or replace function clipsql.backtest(
    name text, taken_from timestamptz default null, taken_until timestamptz default null)
returns setof clipsql.backtest_result
language plpgsql stable parallel unsafe rows 100
set search_path from current
as $$
#variable_conflict use_column
declare
    watch clipsql.watch_list := clipsql_private.find_watch(backtest.name);
    threshold constant double precision := watch.min_similarity;
    seen clipsql_private.watched_picture[];
begin
    if backtest.taken_from >= backtest.taken_until then
        raise exception using errcode = 'CQ004', message = format(
            'taken_from (%s) must lie before taken_until (%s).', backtest.taken_from, backtest.taken_until);
    end if;
    watch.min_similarity := -1;  -- days without an alarm count, too
    select array_agg(p) into seen
    from clipsql_private.watched_past(watch, clipsql_private.watch_directions(watch.watch_id),
        backtest.taken_from, backtest.taken_until) as p;
    return query
    with daily as materialized (
        select d.* from clipsql_private.daily_alarms(seen, threshold) as d
    )
    select d.day, d.alarms, i.low, i.high, d.best_image_id
    from daily as d
    cross join clipsql_private.daily_interval(array(select n.alarms from daily as n)) as i
    order by d.day;
end;
$$;

comment on function clipsql.backtest is
    'What a watch (a name of at most 200 characters) would have raised, for each day that has pictures that pass its filters:'
    ' the number of alarms, exact, what a day to come will have, and the best picture. taken_from and taken_until are of when'
    ' pictures were taken, or, where that is not known, added.';
