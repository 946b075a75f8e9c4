-- What a search by captions and vectors gives: a search result with its score.
create type clipsql.hybrid_result as (
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
    metadata jsonb,
    score double precision);

comment on type clipsql.hybrid_result is 'A picture that clipsql.search_hybrid found.';
comment on column clipsql.hybrid_result.rank is 'Place in the result, from 1.';
comment on column clipsql.hybrid_result.image_id is 'The picture.';
comment on column clipsql.hybrid_result.similarity is 'Cosine of the picture with the query, in [-1, 1].';
comment on column clipsql.hybrid_result.percentile is 'Share of the collection, of 100, that scores lower for this query.';
comment on column clipsql.hybrid_result.percentile_error is 'How far the true percentile may lie from it in 95 of 100 cases; 0: the whole collection was compared.';
comment on column clipsql.hybrid_result.url is 'Where the picture comes from.';
comment on column clipsql.hybrid_result.caption is 'Its first caption.';
comment on column clipsql.hybrid_result.taken_at is 'When it was taken.';
comment on column clipsql.hybrid_result.longitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.hybrid_result.latitude is 'Where it was taken, WGS 84 degrees.';
comment on column clipsql.hybrid_result.metadata is 'What else its source says of it.';
comment on column clipsql.hybrid_result.score is 'Sum of the weighted reciprocal ranks by words and by vector.';
