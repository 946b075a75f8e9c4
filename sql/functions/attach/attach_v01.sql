-- Picture search for the rows of a table that is there already: triggers note what changes, workers keep pictures up to date.
-- The link table has the key of the table in its own types. It has no foreign key to it: that would let a TRUNCATE, a DROP
-- and a write that meets a worker fail or wait; a link without its row joins with nothing, and workers take it away.
create or replace function clipsql.attach(
    source regclass,
    url_column text,
    caption_columns text[] default null,
    metadata_columns text[] default null,
    taken_at_column text default null,
    longitude_column text default null,
    latitude_column text default null,
    collection text default null,
    url_prefix text default null,
    may_read_files boolean default false,
    model text default null)
returns text
language plpgsql volatile parallel unsafe
set search_path from current
set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    own_names constant text[] := array(
        select a.attname from pg_catalog.pg_attribute as a where a.attrelid = 'clipsql_private.link'::regclass and a.attnum > 0);
    known record;
    key_numbers smallint[];
    attachment integer;
    link_name text;
    key_columns text;
    attached clipsql_private.attached_table;
begin
    perform clipsql_private.refuse_shards('attach');
    select c.relname, c.relkind, n.nspname into known
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = attach.source;
    if not found then
        raise exception using errcode = 'CQ004', message = format('There is no table %s; name one that is there.', coalesce(attach.source::text, 'null'));
    elsif known.relkind not in ('r', 'p') or known.nspname in ('clipsql', 'clipsql_private', 'pg_catalog', 'information_schema') then
        raise exception using errcode = 'CQ004', message = format(
            '%s cannot be attached: only tables of your own can, partitioned ones too; attach the table that it reads.', attach.source);
    elsif exists (select from pg_catalog.pg_class as c where c.oid = attach.source and (c.relispartition or c.relpersistence = 't')) then
        raise exception using errcode = 'CQ004', message = format(
            '%s cannot be attached: it is a partition, or temporary; attach the whole table.', attach.source);
    end if;
    perform clipsql_private.check_rights_to_attach(attach.source);
    key_numbers := clipsql_private.key_of_table(attach.source);
    if key_numbers is null then
        raise exception using errcode = 'CQ004', message = format(
            '%s has no primary key and no unique key without nulls, by which its rows are known; run: alter table %1$s add primary key (...).',
            attach.source);
    end if;
    -- No worker is to apply notes meanwhile. First, for one at work has pictures that the link table refers to.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    -- Two sessions may attach the same table at once.
    lock table clipsql_private.attachment in share row exclusive mode;
    if exists (
            select from clipsql_private.attachment as a
            where a.source = attach.source and clipsql_private.url_column_of(a.attachment_id) = attach.url_column) then
        raise exception using errcode = 'CQ004', message = format(
            'Column %s of %s is attached already; change it with clipsql.reattach.', attach.url_column, attach.source);
    end if;

    insert into clipsql_private.attachment (source, source_oid, source_name, link, collection, url_prefix, may_read_files)
    values (
        attach.source, attach.source, format('%I.%I', known.nspname, known.relname), '', '', null, false)
    returning attachment_id into attachment;
    insert into clipsql_private.attached_column (attachment_id, role, position, name, number, type, key_name)
    select attachment, 'key', k.position, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
        case when regexp_replace(a.attname, '^(row_)+', '') = any (own_names || 'is_fresh'::text) then 'row_' || a.attname else a.attname end
    from unnest(key_numbers) with ordinality as k(number, position)
    join pg_catalog.pg_attribute as a on a.attrelid = attach.source and a.attnum = k.number;
    perform
        clipsql_private.choose_columns(
            attachment => attachment, source => attach.source, url_column => attach.url_column,
            caption_columns => attach.caption_columns, metadata_columns => attach.metadata_columns,
            taken_at_column => attach.taken_at_column, longitude_column => attach.longitude_column,
            latitude_column => attach.latitude_column),
        clipsql_private.choose_target(
            attachment => attachment, collection => coalesce(attach.collection, known.relname), url_prefix => attach.url_prefix,
            may_read_files => attach.may_read_files, model => attach.model);

    link_name := coalesce(
        (
            select n.name
            from (values
                (1, left(known.relname, 24) || '_picture'),
                (2, left(known.relname, 24) || '_' || left(attach.url_column, 24))) as n(position, name)
            where octet_length(n.name) < 64 and to_regclass(format('clipsql.%I', n.name)) is null
                and to_regtype(format('clipsql.%I', n.name)) is null
            order by n.position
            limit 1),
        'picture_' || attachment);
    update clipsql_private.attachment as a set link = link_name where a.attachment_id = attachment;
    -- In the types that domains stand on: their checks would run within the writes of others.
    key_columns := (
        select string_agg(
            concat(
                quote_ident(c.key_name), ' ', format_type(clipsql_private.base_type(t.oid), a.atttypmod),
                case when a.attcollation not in (0, t.typcollation) then ' collate ' || a.attcollation::regcollation end),
            ', ' order by c.position)
        from clipsql_private.attached_column as c
        join pg_catalog.pg_attribute as a on a.attrelid = attach.source and a.attnum = c.number
        join pg_catalog.pg_type as t on t.oid = a.atttypid
        where c.attachment_id = attachment and c.role = 'key');
    attached := clipsql_private.attached_table(attachment);
    execute format(
        'create table %s (%s, primary key (%s), foreign key (image_id) references clipsql.image on delete cascade)
         inherits (clipsql_private.link)',
        attached.link, key_columns, clipsql_private.key_list(attached.row_keys));
    execute format('create index on %s (image_id)', attached.link);
    execute format('create table %s (%s) inherits (clipsql_private.changed_row)', attached.changes, key_columns);
    -- Small: what people just wrote.
    execute format('create index on %s (is_fresh) where is_fresh', attached.changes);
    if clipsql_private.keeps_tenants_apart() then
        perform clipsql_private.keep_apart(t.own) from unnest(array[attached.link, attached.changes]::regclass[]) as t(own);
    end if;
    perform clipsql_private.hand_over(attachment, attach.source);
    perform clipsql_private.make_triggers(attachment, attach.source);
    if not has_table_privilege('clipsql_writer', attach.source, 'select') then
        raise notice using message = format(
            'Workers that connect as members of clipsql_writer need to read %s; run: grant usage on schema %I to clipsql_writer; grant select on %1$s to clipsql_writer.',
            attach.source, known.nspname);
    end if;
    return attached.link;
end;
$$;

comment on function clipsql.attach is
    'Gives the rows of a table picture search (clipsql.search_rows) and keeps it up to date; returns the table that links rows'
    ' with pictures. url_column holds the address, after url_prefix where it is only a name; caption_columns and'
    ' metadata_columns (at most 50 each) are what is told of the picture. collection (at most 1000 characters, as url_prefix):'
    ' the table''s name by default.'
    ' may_read_files lets workers read the files of their machine that the column names. model: at most 1000 characters. For the owner of both.';
