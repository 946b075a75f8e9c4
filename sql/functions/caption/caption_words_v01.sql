-- The generated column caption.words: words in the caption's own language. What a model wrote has one word more, which no
-- text has, so that the index knows whose it is.
create or replace function clipsql_private.caption_words(body text, language_code text, source text default null)
returns tsvector
language sql immutable parallel safe
return to_tsvector(clipsql_private.caption_configuration(language_code), clipsql_private.spaced_han(body))
    || case when source is null then '' else $$'source:model'$$ end::tsvector;

comment on function clipsql_private.caption_words(text, text, text) is
    'Words of a caption for full-text search, in the caption''s own language.';
