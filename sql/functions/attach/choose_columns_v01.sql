-- Notes which columns of a table say what, after a look at each: one that is not there, or of a type that cannot say it, is
-- refused with a word.
create or replace function clipsql_private.choose_columns(
    attachment integer, source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text,
    longitude_column text, latitude_column text)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    reason text;
begin
    perform
        clipsql_private.check_most('caption_columns', cardinality(caption_columns), 'columns'),
        clipsql_private.check_most('metadata_columns', cardinality(metadata_columns), 'columns');
    if (longitude_column is null) <> (latitude_column is null) then
        raise exception using errcode = 'CQ004', message =
            'longitude_column and latitude_column come together; one of them is null.';
    end if;
    delete from clipsql_private.attached_column as c where c.attachment_id = attachment and c.role <> 'key';
    insert into clipsql_private.attached_column (attachment_id, role, position, name, number, type, key_name)
    select attachment, g.role, g.position, g.name, coalesce(a.attnum, 0), coalesce(format_type(a.atttypid, a.atttypmod), ''), null
    from (
        select 'url', 1, coalesce(url_column, '')
        union all
        select 'caption', u.position, coalesce(u.name, '') from unnest(caption_columns) with ordinality as u(name, position)
        union all
        select 'metadata', min(u.position), coalesce(u.name, '') from unnest(metadata_columns) with ordinality as u(name, position)
        group by u.name
        union all
        select o.role, 1, o.name
        from (values ('taken_at', taken_at_column), ('longitude', longitude_column), ('latitude', latitude_column)) as o(role, name)
        where o.name is not null
    ) as g(role, position, name)
    left join pg_catalog.pg_attribute as a
        on a.attrelid = source and a.attname = g.name and a.attnum > 0 and not a.attisdropped;

    reason := (
        select case
            when c.number = 0 then format(
                '%s has no column %L for %s; it has: %s.', source, left(c.name, 100), c.role, (
                    select string_agg(a.attname, ', ' order by a.attnum) from pg_catalog.pg_attribute as a
                    where a.attrelid = source and a.attnum > 0 and not a.attisdropped))
            when c.role in ('url', 'caption') then format(
                'Column %s of %s is of type %s; one for %s holds text.', c.name, source, c.type, c.role)
            when c.role = 'taken_at' then format(
                'Column %s of %s is of type %s; one for taken_at is a timestamp or a date.', c.name, source, c.type)
            else format('Column %s of %s is of type %s; one for %s holds degrees as numbers.', c.name, source, c.type, c.role)
        end
        from clipsql_private.attached_column as c
        left join pg_catalog.pg_attribute as a on a.attrelid = source and a.attnum = c.number
        left join pg_catalog.pg_type as t on t.oid = clipsql_private.base_type(a.atttypid)
        left join pg_catalog.pg_type as e on e.oid = case when c.role = 'caption' then clipsql_private.base_type(t.typelem) else 0 end
        where c.attachment_id = attachment and c.role <> 'metadata' and (
            c.number = 0
            or c.role in ('url', 'caption') and t.typcategory not in ('S', 'E') and coalesce(e.typcategory, '') not in ('S', 'E')
            or c.role = 'taken_at' and t.oid not in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
            or c.role in ('longitude', 'latitude') and t.typcategory <> 'N')
            or c.attachment_id = attachment and c.number = 0
        order by c.role, c.position
        limit 1);
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
end;
$$;

comment on function clipsql_private.choose_columns is 'Notes and checks the columns of an attachment; CQ004 for one that cannot be.';
