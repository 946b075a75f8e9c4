-- Alarms of each day that has pictures, from all that pass a watch's filters: those that are similar enough and of one
-- occasion are one alarm, of the day that saw the first of them.
create or replace function clipsql_private.daily_alarms(
    seen clipsql_private.watched_picture[], min_similarity double precision)
returns table (day date, alarms bigint, best_image_id bigint)
language sql immutable parallel safe
begin atomic
    select d.day, count(a.day), (array_agg(a.image_id order by a.similarity desc, a.image_id))[1]
    from (select distinct p.day from unnest(seen) as p) as d
    left join (
        select
            min(p.day) as day, max(p.similarity) as similarity,
            (array_agg(p.image_id order by p.similarity desc, p.image_id))[1] as image_id
        from unnest(seen) as p
        where p.similarity >= daily_alarms.min_similarity
        group by coalesce(p.occasion, int8send(p.image_id))
    ) as a on a.day = d.day
    group by d.day
    order by d.day;
end;

comment on function clipsql_private.daily_alarms(clipsql_private.watched_picture[], double precision) is
    'Alarms of each day, with the best picture of it.';
