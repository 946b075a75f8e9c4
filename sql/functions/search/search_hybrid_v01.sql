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
    near_longitude double precision default null,
    near_latitude double precision default null,
    within_m double precision default null,
    inside polygon default null,
    having_metadata jsonb default null,
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
returns table (
    rank integer, image_id bigint, similarity double precision, percentile double precision,
    percentile_error double precision, url text, caption text, taken_at timestamptz,
    longitude double precision, latitude double precision, metadata jsonb, score double precision)
language plpgsql stable parallel unsafe cost 1000000 rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    softening constant double precision := 60;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_hybrid.model);
    filter constant clipsql_private.search_filter := row(
        in_collection, taken_from, taken_until, near_longitude, near_latitude, within_m,
        inside, having_metadata, caption_query, only_images, except_images);
    depth constant integer := least(10000, greatest(100, 10::bigint * max_results, max_results));
    direction vector;
begin
    perform
        clipsql_private.check_limits(max_results, min_similarity, min_percentile, distinct_above),
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
    return query
    with by_vector as (
        select p.image_id, p.place, case
            when not exists (select from clipsql.caption as c where c.image_id = p.image_id) then p.place
            end as place_without_captions
        from (
            select n.image_id, row_number() over (order by n.distance, n.image_id) as place
            from clipsql_private.nearest(direction, depth, filter, chosen) as n
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
    ), compared as (
        select c.image_id, c.score, e.embedding <=> direction::halfvec as distance
        from candidate as c
        join clipsql.image_embedding as e on e.image_id = c.image_id and e.model_id = chosen.model_id
    ), background as materialized (
        -- As in answer: where each lies in its collection.
        select b.*
        from (select max(c.distance) as farthest from compared as c) as f
        cross join lateral clipsql_private.percentile_basis(array[direction::halfvec], in_collection, f.farthest, chosen) as b
    ), told as (
        select
            c.image_id, c.score,
            greatest(-1, least(1, 1 - c.distance)) as similarity,
            clipsql_private.share_lower(c.distance, b.distances, b.size) as share,
            case when b.is_exact then null else b.size end as sample_size
        from compared as c
        cross join background as b
    ), passing as (
        select t.*
        from told as t
        where (min_similarity is null or t.similarity >= min_similarity)
            and (min_percentile is null or 100 * t.share >= min_percentile)
    ), best as (
        select row_number() over (order by p.score desc, p.image_id)::integer as rank, p.*
        from passing as p
        where distinct_above is null or p.image_id = any ((
            select clipsql_private.distinct_images(
                array_agg(a.image_id order by a.score desc, a.image_id), distinct_above, max_results, chosen)
            from passing as a)::bigint[])
        order by rank
        limit max_results
    )
    select
        b.rank,
        b.image_id,
        b.similarity,
        100 * b.share,
        coalesce(100 * clipsql_private.share_error(b.share, b.sample_size), 0),
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = b.image_id order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata,
        b.score
    from best as b
    join clipsql.image as i on i.image_id = b.image_id
    order by b.rank;
end;
$$;

comment on function clipsql.search_hybrid is
    'Pictures by their captions'' words and by their vectors, fused by reciprocal rank, best first; at most 5000 characters of text; filters as in clipsql.search.';
