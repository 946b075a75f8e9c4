-- What to look at next, so that matches can be counted: the first unchecked pictures of the order. They mean something
-- together, in this order; what is left out comes first the next time.
create or replace function clipsql.next_to_check(
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
    query_vector vector default null,
    model text default null)
returns setof clipsql.check_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(next_to_check.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
begin
    perform clipsql_private.check_limits(max_results => max_results, min_similarity => null, min_percentile => null);
    return query
    select (row_number() over (order by d.priority, d.image_id))::integer, d.image_id, d.similarity, d.url, d.taken_at
    from clipsql_private.drawn_for(next_to_check.query, query_vector, filter, chosen) as d
    where d.is_right is null
    order by d.priority, d.image_id
    limit max_results;
    if not found then perform clipsql_private.refuse_shards('next_to_check'); end if;
end;
$$;

comment on function clipsql.next_to_check is
    'Pictures whose checking tells most of how many match a query (at most 5000 characters), those first that should be checked'
    ' first: the more similar, the likelier they are drawn. Tell clipsql.judge_match what they show; clipsql.count_matches'
    ' counts. At most 100000 max_results; filters as in clipsql.search. query_vector stands for the query.';
