-- Which pictures a search may find; a field that is null does not narrow it down.
create type clipsql_private.search_filter as (
    in_collection text,
    taken_from timestamptz,
    taken_until timestamptz,
    near_longitude double precision,
    near_latitude double precision,
    within_m double precision,
    inside polygon,
    having_metadata jsonb,
    caption_query text,
    only_images bigint[],
    except_images bigint[]);

comment on type clipsql_private.search_filter is 'Which pictures a search may find.';
