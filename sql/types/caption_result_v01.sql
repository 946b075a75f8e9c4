-- What a search for captions gives: one text, said of one picture.
create type clipsql.caption_result as (
    rank integer,
    caption_id bigint,
    similarity double precision,
    caption text,
    image_id bigint,
    source text);

comment on type clipsql.caption_result is 'A caption that clipsql.search_captions or clipsql.suggest_captions found.';
comment on column clipsql.caption_result.rank is 'Place in the result, from 1.';
comment on column clipsql.caption_result.caption_id is 'The caption.';
comment on column clipsql.caption_result.similarity is 'Cosine of the caption with the query, in [-1, 1].';
comment on column clipsql.caption_result.caption is 'What it says.';
comment on column clipsql.caption_result.image_id is 'The picture that it was said of.';
comment on column clipsql.caption_result.source is 'Null for what a person said; of a model, model: and its name.';
