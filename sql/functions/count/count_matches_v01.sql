-- How many pictures are what is looked for, by the verdicts of those who looked at some. What was checked counts as far as
-- the order was followed: it stands for others by how likely it was to be checked (Horvitz and Thompson 1952), given the
-- first picture that was not. A verdict out of order is a fact, which the interval heeds, but stands for no other picture.
create or replace function clipsql.count_matches(
    query text,
    by text default 'day',
    in_collection text default null,
    taken_from timestamptz default null,
    taken_until timestamptz default null,
    daily_from time default null,
    daily_until time default null,
    near_longitude double precision default null,
    near_latitude double precision default null,
    within_m double precision default null,
    inside polygon default null,
    having_metadata jsonb default null,
    metadata_matches jsonpath default null,
    caption_query text default null,
    only_images bigint[] default null,
    except_images bigint[] default null,
    min_similarity double precision default null,
    query_vector vector default null,
    model text default null)
returns setof clipsql.count_result
language plpgsql stable parallel unsafe rows 100
set search_path from current
as $$
#variable_conflict use_column
declare
    least_checked constant integer := 10;
    chosen constant clipsql.model := clipsql_private.resolve_model(count_matches.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
begin
    perform clipsql_private.check_limits(max_results => 1, min_similarity => min_similarity, min_percentile => null);
    if coalesce(count_matches.by, '') <> all (array['hour', 'day', 'week', 'month', 'year', 'all']) then
        raise exception using errcode = 'CQ004', message = format(
            'by must be hour, day, week, month, year or all, not %s.', coalesce(left(count_matches.by, 100), 'null'));
    end if;
    return query
    with drawn as materialized (
        select
            d.*, case when count_matches.by <> 'all' then date_trunc(count_matches.by, d.taken_at) end as bucket,
            min(d.priority) filter (where d.is_right is null) over () as first_unchecked
        from clipsql_private.drawn_for(count_matches.query, query_vector, filter, chosen) as d
    ), weighed as (
        select
            d.*, d.is_right and s.stands as is_match,
            case when s.stands then greatest(1, coalesce(1 / (d.size * d.first_unchecked), 1)) end as weight,
            count(*) filter (where s.stands) over () >= least_checked or d.first_unchecked is null as is_told
        from drawn as d
        cross join lateral (
            select d.is_right is not null and (d.priority < d.first_unchecked or d.first_unchecked is null) as stands
        ) as s
    ), bucket as (
        select
            w.bucket, w.is_told, count(*) as pictures, count(w.weight) as checked,
            count(*) filter (where w.similarity >= min_similarity) as above,
            count(*) filter (where w.is_right) as known_right, count(*) filter (where not w.is_right) as known_wrong,
            count(*) filter (where w.is_match) as is_match,
            coalesce(sum(w.weight - 1) filter (where w.is_match), 0) as rest,
            coalesce(sum(w.weight * (w.weight - 1)) filter (where w.is_match), 0) as variance,
            avg(w.weight - 1) as further, avg(w.weight * (w.weight - 1)) as further_variance
        from weighed as w
        group by w.bucket, w.is_told
    )
    select
        b.bucket, case when b.is_told then b.is_match + b.rest end,
        -- The true number is a whole one: at least 2.01 would deny that it is 2, for next to no reason.
        case when b.is_told then least(i.high, greatest(b.known_right, b.is_match + round(i.low))) end,
        case when b.is_told then i.high end,
        b.checked, case when min_similarity is not null then b.above end, b.pictures
    from bucket as b
    cross join lateral (
        -- Of pictures none of which was checked nothing is known.
        select r.low, greatest(b.known_right, least(
            b.pictures - b.known_wrong, coalesce(b.is_match + r.high, b.pictures))) as high
        from clipsql_private.rest_interval(b.rest, b.variance, b.further, b.further_variance) as r
    ) as i
    order by b.bucket;
    if not found then perform clipsql_private.refuse_shards('count_matches'); end if;
end;
$$;

comment on function clipsql.count_matches is
    'How many pictures match a query (at most 5000 characters), by hour, day, week, month or year in which they were taken, or'
    ' all: matches, without bias, with the interval that holds the true number in 95 of 100 cases. It rests on verdicts'
    ' (clipsql.next_to_check, clipsql.judge_match); before there are ten, matches is null, and only how many are above'
    ' min_similarity is told. Filters as in clipsql.search; query_vector stands for the query.';
