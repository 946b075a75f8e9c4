-- A picture that somebody should look at, so that matches can be counted.
create type clipsql.check_result as (
    rank integer,
    image_id bigint,
    similarity double precision,
    url text,
    taken_at timestamptz);

comment on type clipsql.check_result is 'A picture that somebody should look at, so that matches can be counted.';
comment on column clipsql.check_result.rank is 'Place in the order in which they are to be checked, from 1.';
comment on column clipsql.check_result.image_id is 'The picture, for clipsql.judge_match.';
comment on column clipsql.check_result.similarity is 'Its cosine with what is looked for.';
comment on column clipsql.check_result.url is 'Where it came from.';
comment on column clipsql.check_result.taken_at is 'When it was taken; null: nobody knows.';
