-- More like this picture: a search with a stored picture's embedding, without the picture itself.
create or replace function clipsql.search_similar(
    image bigint,
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
    model text default null)
returns setof clipsql.search_result
language sql stable parallel unsafe rows 10
as $$
    select s.*
    from clipsql.search(
        query => clipsql.image_vector(image, model),
        max_results => max_results, in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, array[image]),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        model => model) as s;
$$;

comment on function clipsql.search_similar is
    'Pictures most like a stored one, nearest first, without itself; filters as in clipsql.search.';
