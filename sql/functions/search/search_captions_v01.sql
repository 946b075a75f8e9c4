-- The nearest captions to a vector: what was said of pictures that is like this picture, or like this text.
create or replace function clipsql.search_captions(
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
    model text default null)
returns setof clipsql.caption_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_captions.model);
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity);
    return query
    select
        row_number() over (order by n.distance, n.caption_id)::integer,
        n.caption_id,
        greatest(-1, least(1, 1 - n.distance)),
        c.body,
        c.image_id,
        c.source
    from clipsql_private.nearest_captions(
        query => query, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        chosen => chosen) as n
    join clipsql.caption as c on c.caption_id = n.caption_id
    where min_similarity is null or 1 - n.distance >= min_similarity
    order by n.distance, n.caption_id;
    if not found then perform clipsql_private.refuse_shards('search_captions'); end if;
end;
$$;

comment on function clipsql.search_captions is
    'Nearest captions to a vector (of a picture or a text), nearest first; filters, of their pictures, as in clipsql.search.';
