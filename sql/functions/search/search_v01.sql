-- The nearest pictures to a vector among those that pass every given filter, with what people want to see of them.
create or replace function clipsql.search(
    query vector,
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
    model text default null)
returns table (
    rank integer, image_id bigint, similarity double precision, percentile double precision,
    percentile_error double precision, url text, caption text, taken_at timestamptz,
    longitude double precision, latitude double precision, metadata jsonb)
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search.model);
begin
    perform clipsql_private.check_query(query, chosen);
    perform clipsql_private.check_limits(max_results, min_similarity, min_percentile, distinct_above);
    return query
    select s.*
    from clipsql_private.answer(
        array[query], 1, max_results,
        row(in_collection, taken_from, taken_until, near_longitude, near_latitude, within_m,
            inside, having_metadata, caption_query, only_images, except_images)::clipsql_private.search_filter,
        min_similarity, min_percentile, distinct_above, chosen) as s;
end;
$$;

comment on function clipsql.search is
    'Nearest pictures to a vector, nearest first; every filter is optional and filters combine with AND. At most:'
    ' max_results 100000; in_collection and model 1000 characters, caption_query 1000; inside 10000 vertices; having_metadata'
    ' 100000 bytes; only_images and except_images 200000 ids each.';
