-- The languages in which captions are looked for: those that PostgreSQL stems and whose rules are worth it, and simple,
-- which stands for every other. This is the list; what needs another place for each language follows its order.
create or replace function clipsql_private.caption_languages()
returns text[]
language sql immutable parallel safe
return array['da', 'de', 'en', 'es', 'fi', 'fr', 'hu', 'it', 'nl', 'no', 'pt', 'ro', 'ru', 'sv', 'tr', 'simple'];

comment on function clipsql_private.caption_languages() is
    'ISO 639-1 codes of the languages that captions are stemmed for; simple stands for all others.';
