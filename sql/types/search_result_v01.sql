-- What a search gives of each picture. A type of its own, so that a later release can add an attribute under the views of
-- users. clipsql_private.result_rows is the one function that lists them; those that hand its rows on are made again with
-- it, unchanged, because open sessions keep the plans of their bodies.
create type clipsql.search_result as (
    rank integer,
    image_id bigint,
    similarity double precision,
    percentile double precision,
    percentile_error double precision,
    url text,
    caption text,
    taken_at timestamptz,
    longitude double precision,
    latitude double precision,
    metadata jsonb);

comment on type clipsql.search_result is 'A picture that a search found.';
comment on column clipsql.search_result.rank is 'Place in the result, from 1.';
comment on column clipsql.search_result.image_id is 'The picture.';
comment on column clipsql.search_result.similarity is 'Cosine of the picture with the query, in [-1, 1].';
comment on column clipsql.search_result.percentile is 'Share of the collection, of 100, that scores lower for this query.';
comment on column clipsql.search_result.percentile_error is 'How far the true percentile may lie from it in 95 of 100 cases; 0: the whole collection was compared.';
comment on column clipsql.search_result.url is 'Where the picture comes from.';
comment on column clipsql.search_result.caption is 'Its first caption.';
comment on column clipsql.search_result.taken_at is 'When it was taken.';
comment on column clipsql.search_result.longitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.search_result.latitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.search_result.metadata is 'What else its source says of it.';
