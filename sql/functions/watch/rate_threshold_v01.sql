-- The similarity above which the pictures that are there would have raised so many alarms a day, and how many a day to come
-- will have. What the history is too short to tell is refused: of fewer than five alarms in all, chance tells more than
-- the rate does.
create or replace function clipsql_private.rate_threshold(
    watch clipsql.watch_list, directions halfvec[],
    out similarity double precision, out low double precision, out high double precision)
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    least_alarms constant integer := 5;
    seen clipsql_private.watched_picture[];
    span interval;
    days integer;
    possible bigint;
    wanted double precision;
begin
    watch.min_similarity := -1;
    select
        array_agg(p), max(p.seen_at) - min(p.seen_at), count(distinct p.day),
        count(distinct coalesce(p.occasion, int8send(p.image_id)))
    into seen, span, days, possible
    from clipsql_private.watched_past(watch, directions) as p;
    wanted := watch.alarms_per_day * days;
    if seen is null then
        raise exception using errcode = 'CQ004', message = case
            when watch.filters ? 'in_collection' and not exists (
                select from clipsql.image as i where i.collection = watch.filters ->> 'in_collection')
            then format('There is no collection "%s" yet', watch.filters ->> 'in_collection')
            else 'No picture passes the filters yet'
        end || ', so nothing tells how many alarms a day there would be; give min_similarity.';
    elsif span < interval '12 hours' then
        raise exception using errcode = 'CQ004', message = format(
            'The %s pictures that pass the filters are of %s hours, too few to tell of a day; give min_similarity.',
            cardinality(seen), round(extract(epoch from span) / 3600, 1));
    elsif wanted < least_alarms then
        raise exception using errcode = 'CQ004', message = format(
            'The pictures of %s days tell no rate below %s alarms a day; ask for as many, or give min_similarity.',
            days, ceil(100.0::double precision * least_alarms / days) / 100);
    elsif wanted > possible then
        raise exception using errcode = 'CQ004', message = format(
            'The pictures of %s days could raise no more than %s alarms a day; ask for fewer, or give min_similarity.',
            days, floor(100.0::double precision * possible / days) / 100);
    end if;
    select o.similarity into rate_threshold.similarity
    from (
        select max(p.similarity) as similarity
        from unnest(seen) as p
        group by coalesce(p.occasion, int8send(p.image_id))
    ) as o
    order by o.similarity desc
    offset floor(wanted)::bigint - 1 limit 1;
    select i.low, i.high into rate_threshold.low, rate_threshold.high
    from clipsql_private.daily_interval(array(
        select d.alarms from clipsql_private.daily_alarms(seen, rate_threshold.similarity) as d)) as i;
end;
$$;

comment on function clipsql_private.rate_threshold(clipsql.watch_list, halfvec[]) is
    'The similarity that gives so many alarms a day in the past, and the interval of a day to come; CQ004 for what it cannot tell.';
