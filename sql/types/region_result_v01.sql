-- What a search for regions gives: a picture, by the region of it that is nearest.
create type clipsql.region_result as (
    rank integer,
    image_id bigint,
    similarity double precision,
    region_id bigint,
    box integer[],
    label text,
    url text,
    caption text,
    taken_at timestamptz,
    longitude double precision,
    latitude double precision,
    metadata jsonb);

comment on type clipsql.region_result is 'A picture that clipsql.search_regions found, by its nearest region.';
comment on column clipsql.region_result.rank is 'Place in the result, from 1.';
comment on column clipsql.region_result.image_id is 'The picture; each is there once.';
comment on column clipsql.region_result.similarity is 'Cosine of its nearest region with the query, in [-1, 1].';
comment on column clipsql.region_result.region_id is 'That region.';
comment on column clipsql.region_result.box is 'Where it is, in pixels of the upright picture: {x, y, width, height}.';
comment on column clipsql.region_result.label is 'What is there, as who found it calls it.';
comment on column clipsql.region_result.url is 'Where the picture comes from.';
comment on column clipsql.region_result.caption is 'Its first caption.';
comment on column clipsql.region_result.taken_at is 'When it was taken.';
comment on column clipsql.region_result.longitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.region_result.latitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.region_result.metadata is 'What else its source says of it.';
