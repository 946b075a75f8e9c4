-- Chinese and Japanese characters, which are written without spaces: kana and Han ideographs, as the inside of a
-- bracket of a regular expression.
create or replace function clipsql_private.han_characters()
returns text
language sql immutable parallel safe
return '\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff';

comment on function clipsql_private.han_characters() is
    'Kana and Han ideographs, as ranges for a bracket of a regular expression.';
