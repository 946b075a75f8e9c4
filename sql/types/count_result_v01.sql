-- How many pictures are what is looked for, of one time.
create type clipsql.count_result as (
    bucket timestamptz,
    matches double precision,
    low double precision,
    high double precision,
    checked bigint,
    above bigint,
    pictures bigint);

comment on type clipsql.count_result is 'How many pictures of a time are what is looked for, as far as verdicts tell.';
comment on column clipsql.count_result.bucket is
    'When the time begins, in the time zone of the session; null: all times, or pictures of which it is not known.';
comment on column clipsql.count_result.matches is
    'How many are, without bias, so that buckets add up; null before ten pictures were checked in their order.';
comment on column clipsql.count_result.low is 'Least that there are, in 95 of 100 cases.';
comment on column clipsql.count_result.high is 'Most that there are, in 95 of 100 cases.';
comment on column clipsql.count_result.checked is 'How many verdicts this rests on.';
comment on column clipsql.count_result.above is
    'How many are at least as similar as min_similarity, right or wrong; null without it.';
comment on column clipsql.count_result.pictures is 'How many pass the filters.';
