-- Which pictures a search is about; null does not filter. Made by make_filter, by name; search_rows adds the attachment
-- whose rows it wants.
create type clipsql_private.search_filter as (
    in_collection text,
    taken_from timestamptz,
    taken_until timestamptz,
    daily_from time,
    daily_until time,
    near_longitude double precision,
    near_latitude double precision,
    within_m double precision,
    inside polygon,
    having_metadata jsonb,
    metadata_matches jsonpath,
    caption_query text,
    only_images bigint[],
    except_images bigint[],
    attachment_id integer);

comment on type clipsql_private.search_filter is 'The filters of a search.';
