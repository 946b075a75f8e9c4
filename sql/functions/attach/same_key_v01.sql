-- The condition under which two rows have one key. Operators are those of the columns' own types.
create or replace function clipsql_private.same_key(names text[], alias text, other_names text[], other_alias text)
returns text
language sql stable parallel safe
return array_to_string(
    array(
        select concat(alias, '.', n.name, ' = ', other_alias, '.', n.other)
        from unnest(names, other_names) with ordinality as n(name, other, position)
        order by n.position),
    ' and ');

comment on function clipsql_private.same_key(text[], text, text[], text) is 'SQL that compares two keys column by column.';
