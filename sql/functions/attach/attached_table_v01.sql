-- What is attached, as it is now: columns are known by their numbers, so that a renamed one is followed. In a restored
-- database, where numbers are others, they are known by their names. Metadata keep the names that were attached.
create or replace function clipsql_private.attached_table(attachment integer)
returns clipsql_private.attached_table
language plpgsql stable parallel safe
set search_path from current
set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    attached clipsql_private.attached_table;
    known record;
    is_here boolean;
begin
    select a.* into known from clipsql_private.attachment as a where a.attachment_id = attachment;
    if not found then
        return null;
    end if;
    attached.attachment_id := attachment;
    attached.source := known.source;
    attached.link := format('clipsql.%I', known.link);
    attached.changes := format('clipsql_private.%I', 'changed_row_' || attachment);
    attached.collection := known.collection;
    attached.model_id := known.model_id;
    attached.may_read_files := known.may_read_files;
    is_here := exists (select from pg_catalog.pg_class as c where c.oid = known.source);

    with now as (
        select
            c.*,
            quote_ident(a.attname) as current_name,
            clipsql_private.base_type(a.atttypid) as base_type,
            (select t.typcategory = 'A' from pg_catalog.pg_type as t where t.oid = a.atttypid) as is_list,
            a.attnum,
            -- A trigger does not see what a virtual column says, but what it is made from.
            case when a.attgenerated = 'v' then array(
                select quote_ident(b.attname)
                from pg_catalog.pg_attrdef as f
                join pg_catalog.pg_depend as d
                    on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid and d.refobjid = f.adrelid
                join pg_catalog.pg_attribute as b on b.attrelid = f.adrelid and b.attnum = d.refobjsubid and b.attnum <> a.attnum
                where f.adrelid = a.attrelid and f.adnum = a.attnum)
            else array[quote_ident(a.attname)] end as read_names,
            format_type(a.atttypid, a.atttypmod) as current_type
        from clipsql_private.attached_column as c
        left join pg_catalog.pg_attribute as a
            on a.attrelid = known.source and a.attnum > 0 and not a.attisdropped
            and case when known.source::oid = known.source_oid then a.attnum = c.number else a.attname = c.name end
        where c.attachment_id = attachment
    )
    select
        array_agg(quote_ident(n.key_name) order by n.position) filter (where n.role = 'key'),
        array_agg(n.current_name order by n.position) filter (where n.role = 'key'),
        array(
            select distinct r.name from now as w cross join unnest(w.read_names) as r(name)
            where w.role <> 'key' and w.attnum is not null order by r.name),
        max(format('clipsql_private.picture_address(s.%s::text, %L)', n.current_name, known.url_prefix))
            filter (where n.role = 'url' and n.attnum is not null),
        string_agg(
            case when n.is_list then format('coalesce(s.%s::text[], ''{}'')', n.current_name)
                 else format('array[s.%s::text]', n.current_name) end,
            ' || ' order by n.position) filter (where n.role = 'caption' and n.attnum is not null),
        coalesce(
            'jsonb_build_object(' || string_agg(
                format('%L, %s', n.name, clipsql_private.json_of_column(n.current_name, n.base_type)), ', ' order by n.position)
                filter (where n.role = 'metadata' and n.attnum is not null) || ')',
            '''{}''::jsonb'),
        coalesce(
            max(case when n.base_type = 'timestamptz'::regtype then 's.' || n.current_name
                     else format('s.%s::timestamp at time zone ''UTC''', n.current_name) end)
                filter (where n.role = 'taken_at' and n.attnum is not null), 'null::timestamptz'),
        coalesce(max(format('s.%s::double precision', n.current_name))
            filter (where n.role = 'longitude' and n.attnum is not null), 'null::double precision'),
        coalesce(max(format('s.%s::double precision', n.current_name))
            filter (where n.role = 'latitude' and n.attnum is not null), 'null::double precision'),
        format(
            'md5(jsonb_build_array(%L, %L, %L::boolean%s)::text)::uuid',
            known.collection, known.url_prefix, known.may_read_files,
            string_agg(
                format(', %L, %s', n.role || n.name, clipsql_private.json_of_column(n.current_name, n.base_type)), ''
                order by n.role, n.position)
                filter (where n.role <> 'key' and n.attnum is not null)),
        coalesce(
            case when not is_here then 'table dropped' end,
            min(format('column %s dropped', n.name)) filter (where n.attnum is null),
            min(format('type of %s changed from %s to %s', n.name, n.type, n.current_type)) filter (where n.type <> n.current_type),
            'ok'),
        is_here and coalesce(
            bool_and(n.attnum is not null and (n.role <> 'key' or n.type = n.current_type)) filter (where n.role in ('key', 'url')),
            false)
            and coalesce(bool_and(n.type = n.current_type) filter (
                where n.role in ('taken_at', 'longitude', 'latitude') and n.attnum is not null), true)
    into
        attached.row_keys, attached.source_keys, attached.watched, attached.address, attached.captions, attached.metadata,
        attached.taken_at, attached.longitude, attached.latitude, attached.facts, attached.state, attached.is_usable
    from now as n;

    if attached.state = 'ok' and (
            select count(*) < 4 from pg_catalog.pg_trigger as t
            where t.tgrelid = known.source and starts_with(t.tgname, format('clipsql_attachment_%s_', attachment))
                and t.tgenabled in ('O', 'A')) then
        attached.state := 'triggers missing or disabled';
    elsif attached.state = 'ok' and not exists (
            select from pg_catalog.pg_index as i
            where i.indrelid = known.source and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
                and (i.indkey::smallint[])[0:i.indnkeyatts - 1] <@ array(
                    select a.attnum from pg_catalog.pg_attribute as a
                    where a.attrelid = known.source and not a.attisdropped and quote_ident(a.attname) = any (attached.source_keys))) then
        attached.state := format('key (%s) not unique any more', clipsql_private.key_list(attached.source_keys));
    end if;
    return attached;
end;
$$;

comment on function clipsql_private.attached_table(integer) is
    'An attachment as parts of statements, with its state; null when there is none of that number.';
