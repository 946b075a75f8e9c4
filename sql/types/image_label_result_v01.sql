-- A zero-shot label of one of many pictures.
create type clipsql.image_label_result as (
    image_id bigint,
    label text,
    probability double precision);

comment on type clipsql.image_label_result is 'The likeliest label of a picture, from clipsql.classify_images.';
comment on column clipsql.image_label_result.image_id is 'The picture.';
comment on column clipsql.image_label_result.label is 'Its likeliest label, as it was given.';
comment on column clipsql.image_label_result.probability is 'How likely it is among the labels that were given.';
