-- Moments of videos that a text describes: the frames that a search finds, of which neighbours in a video are one moment.
-- Unless the caller says from when on a frame is similar enough, it must be nearer to the best one than to what is usual: a
-- moment is as long as a peak at half of its height. Fifty frames of each wanted moment are looked at, and the last of them
-- are usual; of fewer frames altogether it is the one in the middle. How many they are makes little difference
-- (benchmarks/video.py). Where a search finds other pictures than frames, it looks deeper.
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
    frames_of_a_moment constant integer := 50;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_moments.model);
    gap_s constant double precision := extract(epoch from max_gap);
    deepest constant integer := clipsql_private.most('max_results');
    wanted constant bigint := frames_of_a_moment * max_results::bigint;
    depth integer;
    direction vector;
    hits record;
    usual double precision;
    frames integer;
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
    depth := least(deepest, wanted);
    loop
        select
            count(*) as pictures,
            coalesce(array_agg(s.image_id order by s.rank) filter (where f.image_id is not null), '{}') as images,
            coalesce(array_agg(s.similarity order by s.rank) filter (where f.image_id is not null), '{}') as similarities
        into hits
        from clipsql.search(
            query => direction, max_results => depth, in_collection => in_collection,
            taken_from => taken_from, taken_until => taken_until, daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images,
            min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
            model => chosen.name) as s
        left join clipsql.video_frame as f on f.image_id = s.image_id;
        exit when cardinality(hits.images) >= wanted or hits.pictures < depth or depth = deepest
            or not exists (select from clipsql.video_frame);
        depth := least(deepest, 4::bigint * depth);
    end loop;
    frames := cardinality(hits.images);
    if min_similarity is null and min_percentile is null then
        usual := hits.similarities[case when hits.pictures < depth then (frames + 1) / 2 else frames end];
        frames := (select count(*) from unnest(hits.similarities) as s(one) where s.one >= (hits.similarities[1] + usual) / 2);
    end if;
    return query
    select m.* from clipsql_private.moments(hits.images[:frames], hits.similarities[:frames], gap_s) as m limit max_results;
    if not found then perform clipsql_private.refuse_shards('search_moments'); end if;
end;
$$;

comment on function clipsql.search_moments is
    'Moments of videos that a text (at most 5000 characters) describes, best first: frames that are nearer to the best one than'
    ' to what is usual, or as min_similarity or min_percentile say, and lie no further apart in a video than max_gap, are one'
    ' moment; filters as in clipsql.search. Of a model whose texts the database cannot'
    ' embed, query_vector is the text''s.';
