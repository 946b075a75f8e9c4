-- The least similarity that as large a share of the collection stays below.
create or replace function clipsql_private.percentile_threshold(watch clipsql.watch_list, directions halfvec[])
returns double precision
language plpgsql stable parallel unsafe
set search_path from current
as $$
declare
    threshold double precision;
    pictures bigint;
begin
    watch.min_similarity := -1;
    watch.filters := jsonb_strip_nulls(jsonb_build_object('in_collection', watch.filters -> 'in_collection'));
    select min(r.similarity) filter (where 100.0 * r.lower / r.pictures >= watch.min_percentile), max(r.pictures)
    into threshold, pictures
    from (
        select p.similarity, rank() over (order by p.similarity) - 1 as lower, count(*) over () as pictures
        from clipsql_private.watched_past(watch, directions) as p
    ) as r;
    if pictures is null then
        raise exception using errcode = 'CQ004', message =
            'There is no picture yet that a percentile could be of; give min_similarity.';
    elsif threshold is null then
        raise exception using errcode = 'CQ004', message = format(
            'The %s pictures of the collection tell no percentile above %s; ask for less, or give min_similarity.',
            pictures, floor(10000.0::double precision * (pictures - 1) / pictures) / 100);
    end if;
    return threshold;
end;
$$;

comment on function clipsql_private.percentile_threshold(clipsql.watch_list, halfvec[]) is
    'The similarity that a share of the collection stays below; CQ004 where there are too few pictures to tell.';
