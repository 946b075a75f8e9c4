-- A zero-shot label of one picture.
create type clipsql.label_result as (
    label text,
    probability double precision);

comment on type clipsql.label_result is 'A label of a picture, from clipsql.classify.';
comment on column clipsql.label_result.label is 'The label, as it was given.';
comment on column clipsql.label_result.probability is 'How likely it is among the labels that were given; they sum to 1.';
