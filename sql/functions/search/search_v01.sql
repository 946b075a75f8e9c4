-- The nearest pictures to a vector among those that pass every given filter, with what people want to see of them.
create or replace function clipsql.search(
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
    min_percentile double precision default null,
    distinct_above double precision default null,
    model text default null)
returns setof clipsql.search_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search.model);
begin
    perform clipsql_private.check_query(query, chosen);
    perform clipsql_private.check_limits(
        max_results => max_results, min_similarity => min_similarity,
        min_percentile => min_percentile, distinct_above => distinct_above);
    return query
    select s.*
    from clipsql_private.answer(
        directions => array[query], scale => 1, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        chosen => chosen) as s;
end;
$$;

comment on function clipsql.search is
    'Nearest pictures to a vector, nearest first; every filter is optional and filters combine with AND. At most:'
    ' max_results 100000; in_collection and model 1000 characters, caption_query 1000; inside 10000 vertices; having_metadata'
    ' 100000 bytes, metadata_matches 10000; only_images and except_images 200000 ids each.';
