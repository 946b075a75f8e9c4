-- The statement by which a trigger notes the keys of the rows that a write changed: those whose picture, or what is told of it,
-- is another. Null where nothing can be noted: detached a moment ago, or without its key, as the status says.
create or replace function clipsql_private.note_statement(attachment integer, event text)
returns text
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    -- A statement that writes more rows is a load, which waits behind what people do.
    most_fresh constant integer := 100;
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    target constant text := format('insert into %s (%s, is_fresh)', attached.changes, clipsql_private.key_list(attached.row_keys));
    rows_read constant text := case event when 'DELETE' then 'old_rows' else 'new_rows' end;
    are_fresh constant text := format(
        '(select count(*) from (select from %s limit %s) as few) <= %s', rows_read, most_fresh + 1, most_fresh);
begin
    if attached.source_keys is null or array_position(attached.source_keys, null) is not null then
        return null;
    end if;
    return case event
        when 'TRUNCATE' then format('insert into %s default values', attached.changes)
        -- Any type has this comparison of rows, by their bytes. Keys that are no more come last: where a key changed, the
        -- picture is linked to the new one before the old one goes.
        when 'UPDATE' then format(
            '%s select %s, %s from old_rows as o full join new_rows as s on %s
             where s.%s is null or o.%5$s is null or row(%6$s)::record *<> row(%7$s)::record
             order by s.%5$s is null',
            target,
            array_to_string(array(
                select format('coalesce(s.%1$s, o.%1$s)', k.name)
                from unnest(attached.source_keys) with ordinality as k(name, position) order by k.position), ', '),
            are_fresh,
            clipsql_private.same_key(attached.source_keys, 'o', attached.source_keys, 's'), attached.source_keys[1],
            clipsql_private.key_list(attached.watched, 's'), clipsql_private.key_list(attached.watched, 'o'))
        else format(
            '%s select %s, %s from %s as s', target, clipsql_private.key_list(attached.source_keys, 's'), are_fresh, rows_read)
    end;
end;
$$;

comment on function clipsql_private.note_statement(integer, text) is
    'SQL for a trigger of an attached table that appends the keys of changed rows for workers.';
