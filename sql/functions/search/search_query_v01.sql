-- Pictures that a query of several terms describes: 'flower + 2*bee - night', 'image:42 + "red truck"'. Texts are embedded
-- here, stored pictures are left out of their own results. The notation is told in parse_query, fusions in search_vectors.
create or replace function clipsql.search_query(
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
    fusion text default 'weighted sum',
    model text default null)
returns setof clipsql.search_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    terms record := clipsql_private.query_vectors(query, search_query.model, fusion);
begin
    return query
    select s.*
    from clipsql.search_vectors(
        vectors => terms.vectors, weights => terms.weights,
        max_results => max_results, in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, terms.pictures),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        fusion => fusion, model => model) as s;
end;
$$;

comment on function clipsql.search_query is
    'Pictures that a query such as ''flower + 2*bee - night'' describes, nearest first; at most 50 terms in 5000 characters; a learned'
    ' fusion has a name of at most 200 characters; filters as in clipsql.search.';
