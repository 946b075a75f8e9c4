-- The search for regions that a request asks for. Whatever it asks with is one vector here; stored pictures that are named are
-- left out, as where whole pictures are compared.
create or replace function clipsql_private.run_region_request(asked clipsql_private.requested_search, chosen text)
returns setof clipsql.region_result
language plpgsql stable parallel unsafe rows 10
set search_path from current
as $$
declare
    path constant jsonpath := clipsql_private.read_path(asked.metadata_matches);
    terms record;
    direction vector;
    pictures bigint[];
begin
    if num_nonnulls(asked.min_percentile, asked.distinct_above) > 0 then
        raise exception using errcode = 'CQ004',
            message = 'min_percentile and distinct_above are of whole pictures; leave them out where search_in is regions.';
    elsif asked.fusion <> 'weighted sum' then
        raise exception using errcode = 'CQ004',
            message = 'Regions are compared with the weighted sum of all terms; leave fusion out where search_in is regions.';
    elsif asked.query is not null then
        terms := clipsql_private.query_vectors(asked.query, chosen);
        direction := clipsql.mix(terms.vectors, terms.weights);
        pictures := terms.pictures;
    elsif asked.image is not null then
        direction := clipsql.image_vector(asked.image, chosen);
        pictures := array[asked.image];
    elsif asked.text is not null then
        perform clipsql_private.check_text(asked.text);
        direction := clipsql.embed_text(asked.text, chosen);
    else
        direction := asked.vector;
    end if;
    return query
    select s.*
    from clipsql.search_regions(
        query => direction, max_results => coalesce(asked.max_results, 10),
        in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
        daily_from => asked.daily_from, daily_until => asked.daily_until,
        near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
        inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
        caption_query => asked.caption_query, only_images => asked.only_images,
        except_images => clipsql_private.joined_images(asked.except_images, pictures),
        min_similarity => asked.min_similarity, having_label => asked.having_label, model => chosen) as s;
end;
$$;

comment on function clipsql_private.run_region_request is 'The rows of the search for regions that a request in JSON asks for.';
