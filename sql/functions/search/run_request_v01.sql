-- The search that a request asks for. A text, a picture and a vector are all one vector; terms are fused in their own way.
create or replace function clipsql_private.run_request(asked clipsql_private.requested_search, chosen text)
returns setof clipsql.search_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
declare
    path constant jsonpath := clipsql_private.read_path(asked.metadata_matches);
begin
    if asked.query is not null then
        return query
        select s.*
        from clipsql.search_query(
            query => asked.query, fusion => coalesce(asked.fusion, 'weighted sum'), max_results => coalesce(asked.max_results, 10),
            in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
            daily_from => asked.daily_from, daily_until => asked.daily_until,
            near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
            inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
            caption_query => asked.caption_query, only_images => asked.only_images, except_images => asked.except_images,
            min_similarity => asked.min_similarity, min_percentile => asked.min_percentile,
            distinct_above => asked.distinct_above, model => chosen) as s;
        return;
    elsif asked.text is not null then
        perform clipsql_private.check_text(asked.text);
    end if;
    return query
    select s.*
    from clipsql.search(
        query => case
            when asked.text is not null then clipsql.embed_text(asked.text, chosen)
            when asked.image is not null then clipsql.image_vector(asked.image, chosen)
            else asked.vector end,
        max_results => coalesce(asked.max_results, 10),
        in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
        daily_from => asked.daily_from, daily_until => asked.daily_until,
        near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
        inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
        caption_query => asked.caption_query, only_images => asked.only_images,
        except_images => case
            when asked.image is null then asked.except_images
            else clipsql_private.joined_images(asked.except_images, array[asked.image]) end,
        min_similarity => asked.min_similarity, min_percentile => asked.min_percentile,
        distinct_above => asked.distinct_above, model => chosen) as s;
end;
$$;

comment on function clipsql_private.run_request is 'The rows of the search that a request in JSON asks for.';
