-- The generated column caption.words: words in the caption's own language.
create or replace function clipsql._caption_words(body text, language_code text)
returns tsvector
language sql immutable parallel safe
return to_tsvector(clipsql._caption_configuration(language_code), clipsql._spaced_han(body));

comment on function clipsql._caption_words(text, text) is
    'Words of a caption for full-text search, in the caption''s own language.';
