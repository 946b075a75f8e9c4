-- A word of a query text.
create type clipsql.word_result as (
    "position" integer,
    word text,
    weight double precision);

comment on type clipsql.word_result is 'A word of a text and its weight, from clipsql.explain_text.';
comment on column clipsql.word_result."position" is 'Place of the word in the text, from 1.';
comment on column clipsql.word_result.word is 'The word, as the tokenizer has it.';
comment on column clipsql.word_result.weight is 'Its share of the attention; the shares of a text sum to 1.';
