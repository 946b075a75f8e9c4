-- The pictures of which some part is nearest to a vector, with that part: what a whole picture's vector hardly shows, a small
-- thing in a large scene, is found by the region that holds it.
create or replace function clipsql.search_regions(
    query vector,
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
    having_label text default null,
    model text default null)
returns setof clipsql.region_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_regions.model);
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity),
        clipsql_private.check_most('having_label', length(having_label), 'characters');
    return query
    select
        row_number() over (order by n.distance, n.image_id)::integer,
        n.image_id,
        greatest(-1, least(1, 1 - n.distance)),
        n.region_id,
        r.box,
        r.label,
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = n.image_id order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata
    from clipsql_private.nearest_regions(
        query => query, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        having_label => case when having_label ~ '[^[:space:]]' then having_label end, chosen => chosen) as n
    join clipsql.image_region as r on r.region_id = n.region_id
    join clipsql.image as i on i.image_id = n.image_id
    where min_similarity is null or 1 - n.distance >= min_similarity
    order by n.distance, n.image_id;
    if not found then perform clipsql_private.refuse_shards('search_regions'); end if;
end;
$$;

comment on function clipsql.search_regions is
    'Pictures by their nearest region to a vector, nearest first, each once, with the region''s box and label; filters, of the'
    ' pictures, as in clipsql.search, and having_label (at most 200 characters) of the regions.';
