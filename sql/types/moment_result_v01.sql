-- A moment of a video that a search found.
create type clipsql.moment_result as (
    rank integer,
    url text,
    from_s double precision,
    until_s double precision,
    best_image_id bigint,
    similarity double precision);

comment on type clipsql.moment_result is 'A moment of a video that clipsql.search_moments found.';
comment on column clipsql.moment_result.rank is 'Place in the result, from 1.';
comment on column clipsql.moment_result.url is 'Address of the video with the seconds of the moment, at which a browser begins to play: gate.mp4#t=12,15.5.';
comment on column clipsql.moment_result.from_s is 'Where it begins, in seconds since the video begins.';
comment on column clipsql.moment_result.until_s is 'Where it ends.';
comment on column clipsql.moment_result.best_image_id is 'The frame of it that is most like the query.';
comment on column clipsql.moment_result.similarity is 'Cosine of that frame with the query, in [-1, 1].';
