-- Quoted names of one row, for a list of columns.
create or replace function clipsql_private.key_list(names text[], alias text default null)
returns text
language sql stable parallel safe
return array_to_string(
    array(
        select concat_ws('.', alias, n.name)
        from unnest(names) with ordinality as n(name, position)
        order by n.position),
    ', ');

comment on function clipsql_private.key_list(text[], text) is 'Columns as a list, each after the alias where there is one.';
