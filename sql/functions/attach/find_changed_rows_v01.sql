-- A worker's pass over a whole attached table, a stretch of its keys in each call: rows that are not linked as they should be
-- are noted, those first of which nobody wrote: rows that were there before, and what no trigger saw. A second round looks
-- for links whose rows are gone. Keys travel as text, read back as what they are.
create or replace function clipsql_private.find_changed_rows(
    attachment integer, in_links boolean, after text[], most_rows integer,
    out reached text[], out found_rows integer)
language plpgsql volatile parallel unsafe
set search_path from current
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set extra_float_digits = 1
set bytea_output = 'hex'
as $$
#variable_conflict use_variable
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    read_from text := case when in_links then 'l' else 's' end;
    read_keys text[] := case when in_links then attached.row_keys else attached.source_keys end;
    start text;
begin
    if attached.is_usable is not true then
        return;
    end if;
    perform clipsql_private.check_whole_table(attached.source);
    start := case when after is not null then (
        select format('where (%s) > (%s)', clipsql_private.key_list(read_keys, read_from),
            string_agg(format('%L::%s', after[c.position], c.type), ', ' order by c.position))
        from clipsql_private.attached_column as c
        where c.attachment_id = attachment and c.role = 'key') end;
    execute format(
        'with stretch as materialized (
             select %1$s from %2$s as %3$s %4$s order by %1$s limit $1
         ), noted as (
             insert into %5$s (%6$s, is_fresh)
             select %7$s, false
             from stretch as t
             left join %8$s as s on %9$s
             left join %10$s as l on %11$s
             where %12$s
             returning 1
         )
         select (select array[%13$s] from stretch as t order by %14$s limit 1), (select count(*) from noted)',
        clipsql_private.key_list(read_keys, read_from),
        case when in_links then attached.link else attached.source::text end,
        read_from,
        start,
        attached.changes,
        clipsql_private.key_list(attached.row_keys),
        clipsql_private.key_list(read_keys, 't'),
        attached.source,
        clipsql_private.same_key(attached.source_keys, 's', read_keys, 't'),
        attached.link,
        clipsql_private.same_key(attached.row_keys, 'l', read_keys, 't'),
        case when in_links then format('s.%s is null', attached.source_keys[1])
             else format('case when %1$s is null then l.facts is not null else l.facts is distinct from %2$s end',
                 attached.address, attached.facts) end,
        array_to_string(array(select format('t.%s::text', k) from unnest(read_keys) with ordinality as n(k, p) order by p), ', '),
        array_to_string(array(select format('t.%s desc', k) from unnest(read_keys) with ordinality as n(k, p) order by p), ', '))
    into reached, found_rows using most_rows;
end;
$$;

comment on function clipsql_private.find_changed_rows is
    'Notes rows of a stretch of keys whose pictures are not up to date; returns the last key, null after the end, and how many.';
