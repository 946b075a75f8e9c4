-- Vectors and captions together: pictures ranked by the words of their captions and by their vectors, the two rankings
-- fused by reciprocal rank, 1 / (60 + rank) (Cormack, Clarke and Buettcher 2009). Ranks, not scores, are added, because
-- cosines and word scores have no common measure. Of a picture without captions the rank by words is unknown, not bad:
-- its rank by vector stands for it, else the captioned ones would push it out (benchmarks/hybrid.py).
create or replace function clipsql.search_hybrid(
    query text,
    max_results integer default 10,
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
    text_weight double precision default 1,
    vector_weight double precision default 1,
    query_vector vector default null,
    model text default null)
returns setof clipsql.hybrid_result
language plpgsql stable parallel unsafe cost 1000000 rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    softening constant double precision := 60;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_hybrid.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    depth constant integer := least(10000, greatest(100, 10::bigint * max_results, max_results));
    direction vector;
    ids bigint[];
    scores double precision[];
    distances double precision[];
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above),
        clipsql_private.check_text(query);
    perform clipsql_private.check_weight(text_weight), clipsql_private.check_weight(vector_weight);
    if not coalesce(text_weight >= 0 and vector_weight >= 0 and text_weight + vector_weight > 0, false) then
        raise exception using errcode = 'CQ004', message = format(
            'text_weight and vector_weight must be finite numbers of 0 or more, and not both 0, not %s and %s.',
            coalesce(text_weight::text, 'null'), coalesce(vector_weight::text, 'null'));
    end if;
    direction := coalesce(query_vector, clipsql.embed_text(query, chosen.name));
    perform clipsql_private.check_query(direction, chosen);
    direction := l2_normalize(direction);
    with by_vector as (
        select p.image_id, p.place, case
            when not exists (select from clipsql.caption as c where c.image_id = p.image_id) then p.place
            end as place_without_captions
        from (
            select n.image_id, row_number() over (order by n.distance, n.image_id) as place
            from clipsql_private.nearest(direction, depth, filter, chosen) as found
            cross join lateral unnest(found.ids, found.distances) as n(image_id, distance)
            where vector_weight > 0
        ) as p
    ), by_words as (
        -- Equal captions have equal ranks: the vectors then tell their pictures apart.
        select w.image_id, rank() over (order by w.score desc) as place
        from clipsql_private.rank_words(query, clipsql_private.effective_conditions(filter), filter, chosen) as w
        where text_weight > 0
    ), fused as (
        select
            coalesce(v.image_id, w.image_id) as image_id,
            coalesce(vector_weight / (softening + v.place), 0)
                + coalesce(text_weight / (softening + coalesce(w.place, v.place_without_captions)), 0) as score
        from by_vector as v
        full join by_words as w on w.image_id = v.image_id
    ), candidate as (
        -- Without a threshold only what is returned need be compared with the query.
        select f.image_id, f.score
        from fused as f
        order by f.score desc, f.image_id
        limit case when num_nonnulls(min_similarity, min_percentile, distinct_above) = 0 then max_results end
    )
    select
        array_agg(c.image_id order by c.score desc, c.image_id), array_agg(c.score order by c.score desc, c.image_id),
        array_agg(e.embedding <=> direction::halfvec order by c.score desc, c.image_id)
    into ids, scores, distances
    from candidate as c
    join clipsql.image_embedding as e on e.image_id = c.image_id and e.model_id = chosen.model_id;
    if ids is null then
        perform clipsql_private.refuse_shards('search_hybrid');
        return;
    end if;
    return query
    select
        r.rank, r.image_id, r.similarity, r.percentile, r.percentile_error, r.url, r.caption, r.taken_at,
        r.longitude, r.latitude, r.metadata, s.score
    from clipsql_private.result_rows(
        image_ids => ids, distances => distances, directions => array[direction], scale => 1, max_results => max_results,
        in_scope => filter.in_collection, min_similarity => min_similarity, min_percentile => min_percentile,
        distinct_above => distinct_above, chosen => chosen) as r
    join unnest(ids, scores) as s(image_id, score) on s.image_id = r.image_id
    order by r.rank;
end;
$$;

comment on function clipsql.search_hybrid is
    'Pictures by their captions'' words and by their vectors, fused by reciprocal rank, best first; at most 5000 characters of text; filters as in clipsql.search.';
