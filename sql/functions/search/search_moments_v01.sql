-- Moments of videos that a text describes: the frames that a search finds, of which neighbours in a video are one moment.
-- Of each moment that is wanted twenty frames are looked at: with fewer most are too short, with more they run together
-- (benchmarks/video.py). Where they are no frames of videos, or of too few moments, it looks deeper.
create or replace function clipsql.search_moments(
    query text,
    max_results integer default 10,
    max_gap interval default '3 seconds',
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
    min_percentile double precision default null,
    distinct_above double precision default null,
    query_vector vector default null,
    model text default null)
returns setof clipsql.moment_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    frames_of_a_moment constant integer := 20;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_moments.model);
    gap_s constant double precision := extract(epoch from max_gap);
    deepest constant integer := clipsql_private.most('max_results');
    depth integer;
    direction vector;
    hits record;
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above),
        clipsql_private.check_text(query);
    if not coalesce(gap_s >= 0 and gap_s < 'infinity', false) then
        raise exception using errcode = 'CQ004', message = format(
            'max_gap is a length of time of 0 or more, not %s; write it as 3 seconds.', coalesce(max_gap::text, 'null'));
    end if;
    direction := coalesce(query_vector, clipsql.embed_text(query, chosen.name));
    depth := least(deepest, frames_of_a_moment * max_results::bigint);
    loop
        select
            coalesce(array_agg(s.image_id order by s.rank), '{}') as images,
            coalesce(array_agg(s.similarity order by s.rank), '{}') as similarities
        into hits
        from clipsql.search(
            query => direction, max_results => depth, in_collection => in_collection,
            taken_from => taken_from, taken_until => taken_until, daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images,
            min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
            model => chosen.name) as s;
        exit when cardinality(hits.images) < depth or depth = deepest or not exists (select from clipsql.video_frame)
            or (select count(*) from clipsql_private.moments(hits.images, hits.similarities, gap_s)) >= max_results;
        depth := least(deepest, 4::bigint * depth);
    end loop;
    return query
    select m.* from clipsql_private.moments(hits.images, hits.similarities, gap_s) as m limit max_results;
end;
$$;

comment on function clipsql.search_moments is
    'Moments of videos that a text (at most 5000 characters) describes, best first: frames that are found, and lie no further'
    ' apart in a video than max_gap, are one moment; filters as in clipsql.search. Of a model whose texts the database cannot'
    ' embed, query_vector is the text''s.';
