-- The members of a request in JSON and their types; those that other searches take have their names.
create type clipsql_private.requested_search as (
    text text,
    image bigint,
    vector vector,
    query text,
    max_results integer,
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
    metadata_matches text,
    caption_query text,
    only_images bigint[],
    except_images bigint[],
    min_similarity double precision,
    min_percentile double precision,
    distinct_above double precision,
    fusion text,
    model text);

comment on type clipsql_private.requested_search is 'What clipsql.search_request takes, member by member.';
