-- Pictures that a text describes: a search with the text's embedding, which the database computes itself.
create or replace function clipsql.search_text(
    query text,
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
language sql stable parallel unsafe rows 10
as $$
    select s.*
    from clipsql.search(
        clipsql.embed_text(query, model), max_results, in_collection, taken_from, taken_until,
        near_longitude, near_latitude, within_m, inside, having_metadata, caption_query,
        only_images, except_images, min_similarity, min_percentile, distinct_above, model) as s;
$$;

comment on function clipsql.search_text is
    'Pictures that a text (at most 5000 characters) describes, nearest first; filters as in clipsql.search.';
