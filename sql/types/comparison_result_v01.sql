-- What two models make of one query.
create type clipsql.comparison_result as (
    query text,
    image_id bigint,
    overlap double precision,
    rank_biased_overlap double precision,
    old_images bigint[],
    new_images bigint[]
);

comment on type clipsql.comparison_result is 'What a query finds under each of two models.';
comment on column clipsql.comparison_result.query is 'What was asked.';
comment on column clipsql.comparison_result.image_id is 'The picture that it is a caption of; null for other queries.';
comment on column clipsql.comparison_result.overlap is 'Share of results in common; null where neither model finds a picture.';
comment on column clipsql.comparison_result.rank_biased_overlap is
    'How much the answers have in common, first results most: 0 to 1; null where neither model finds a picture.';
comment on column clipsql.comparison_result.old_images is 'What the old model finds, nearest first.';
comment on column clipsql.comparison_result.new_images is 'What the new model finds, nearest first.';
