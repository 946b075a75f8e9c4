-- PostgreSQL's parser takes a run of Chinese or Japanese characters for one word. With a space around each
-- character every character is a word, and a phrase of them is found as a substring.
create or replace function clipsql_private.spaced_han(body text)
returns text
language sql immutable parallel safe
return regexp_replace(body, '([' || clipsql_private.han_characters() || '])', ' \1 ', 'g');

comment on function clipsql_private.spaced_han(text) is
    'The text with a space around each Chinese or Japanese character, so that full-text search finds substrings.';
