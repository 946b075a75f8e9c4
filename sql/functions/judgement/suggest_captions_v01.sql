-- Description by retrieval: what people said of other pictures that fits this one best, each text once.
create or replace function clipsql.suggest_captions(
    image bigint,
    max_results integer default 5,
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
    model text default null)
returns setof clipsql.caption_result
language plpgsql stable parallel unsafe cost 1000000 rows 5
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(suggest_captions.model);
    query constant vector := clipsql.image_vector(image, chosen.name);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    own_captions constant bigint := (select count(*) from clipsql.caption as c where c.image_id = image);
    depth bigint;
    found_rows bigint;
    texts text[];
    distances double precision[];
    images bigint[];
    captions bigint[];
begin
    perform clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity);
    -- Several pictures may have one and the same caption: look deeper until enough different ones are found.
    depth := 4::bigint * max_results + own_captions;
    loop
        with nearest as (
            select c.body, n.distance, c.image_id, n.caption_id, c.source
            from clipsql_private.nearest_captions(query, least(depth, 2147483647)::integer, filter, chosen) as n
            join clipsql.caption as c on c.caption_id = n.caption_id
        ), best as (
            select distinct on (n.body) n.body, n.distance, n.image_id, n.caption_id
            from nearest as n
            where n.image_id <> image and n.source is null
            order by n.body, n.distance, n.caption_id
        ), first as (
            select b.* from best as b order by b.distance, b.caption_id limit max_results
        )
        select
            (select count(*) from nearest), array_agg(f.body order by f.distance, f.caption_id),
            array_agg(f.distance order by f.distance, f.caption_id), array_agg(f.image_id order by f.distance, f.caption_id),
            array_agg(f.caption_id order by f.distance, f.caption_id)
        into found_rows, texts, distances, images, captions
        from first as f;
        exit when cardinality(texts) = max_results or found_rows < depth;
        depth := 4 * depth;
    end loop;
    return query
        select s.number::integer, s.caption_id, greatest(-1, least(1, 1 - s.distance)), s.body, s.image_id, null::text
        from unnest(captions, distances, texts, images) with ordinality as s(caption_id, distance, body, image_id, number)
        where min_similarity is null or 1 - s.distance >= min_similarity
        order by s.number;
    if not found then perform clipsql_private.refuse_shards('suggest_captions'); end if;
end;
$$;

comment on function clipsql.suggest_captions is
    'Captions of other pictures that fit a stored picture best, each text once; filters, of those pictures, as in clipsql.search.';
