-- The generated column caption.words: words in the caption's own language.
create or replace function clipsql_private.caption_words(body text, language_code text)
returns tsvector
language sql immutable parallel safe
return to_tsvector(clipsql_private.caption_configuration(language_code), clipsql_private.spaced_han(body));

comment on function clipsql_private.caption_words(text, text) is
    'Words of a caption for full-text search, in the caption''s own language.';
