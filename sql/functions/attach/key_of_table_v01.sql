-- By what a row of a table is known: its primary key, else a unique key without nulls.
create or replace function clipsql_private.key_of_table(source regclass)
returns smallint[]
language sql stable parallel safe
return (
    select (i.indkey::smallint[])[0:i.indnkeyatts - 1]
    from pg_catalog.pg_index as i
    where i.indrelid = source and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null
        and not exists (
            select from unnest((i.indkey::smallint[])[0:i.indnkeyatts - 1]) as k(number)
            join pg_catalog.pg_attribute as a on a.attrelid = source and a.attnum = k.number
            where not a.attnotnull)
    order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
    limit 1);

comment on function clipsql_private.key_of_table(regclass) is 'Numbers of the columns that a row is known by; null without such a key.';
