-- The text-search configuration of a language code. Captions keep the code (ISO 639-1), not a regconfig:
-- pg_upgrade refuses tables with regconfig columns.
create or replace function clipsql_private.caption_configuration(language_code text)
returns regconfig
language sql immutable parallel safe
return coalesce(
    (array[  -- in the order of caption_languages
        'pg_catalog.danish', 'pg_catalog.german', 'pg_catalog.english', 'pg_catalog.spanish', 'pg_catalog.finnish',
        'pg_catalog.french', 'pg_catalog.hungarian', 'pg_catalog.italian', 'pg_catalog.dutch', 'pg_catalog.norwegian',
        'pg_catalog.portuguese', 'pg_catalog.romanian', 'pg_catalog.russian', 'pg_catalog.swedish', 'pg_catalog.turkish',
        'pg_catalog.simple']::regconfig[])[array_position(clipsql_private.caption_languages(), language_code)],
    'pg_catalog.simple');

comment on function clipsql_private.caption_configuration(text) is
    'Text-search configuration of an ISO 639-1 language code; simple for a language without stemmer.';
