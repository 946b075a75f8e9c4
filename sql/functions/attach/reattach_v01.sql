-- Other columns, another collection for an attached table, or the same again to make missing triggers and to follow changes of
-- the table. All arguments are said anew. Workers then look at every row; a picture whose address stays is not embedded again.
create or replace function clipsql.reattach(
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
    candidates integer[];
    attachment integer;
begin
    perform clipsql_private.check_rights_to_attach(reattach.source);
    -- No worker is to apply notes meanwhile, as in clipsql.detach.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    lock table clipsql_private.attachment in share row exclusive mode;
    -- Of several it is that of the column; the one that there is may get another, and so may the one whose column is gone.
    candidates := array(select n from clipsql_private.attachments_of(reattach.source, null) as n);
    if cardinality(candidates) > 1 and reattach.url_column <> all (
            array(select clipsql_private.url_column_of(n) from unnest(candidates) as n)) then
        candidates := array(
            select n from unnest(candidates) as n
            where not exists (
                select from pg_catalog.pg_attribute as a
                where a.attrelid = reattach.source and a.attname = clipsql_private.url_column_of(n) and not a.attisdropped));
    end if;
    attachment := case when cardinality(candidates) = 1 then candidates[1] else (
        select n from clipsql_private.attachments_of(reattach.source, reattach.url_column) as n limit 1) end;
    if exists (
            select from clipsql_private.attached_column as c
            left join pg_catalog.pg_attribute as a
                on a.attrelid = reattach.source and not a.attisdropped and a.attnum = c.number
            where c.attachment_id = attachment and c.role = 'key'
                and c.type is distinct from format_type(a.atttypid, a.atttypmod)) then
        raise exception using errcode = 'CQ004', message = format(
            'The key of %s is another than when it was attached; detach it with clipsql.detach(%1$L, keep_pictures => true), then attach it.',
            reattach.source);
    end if;
    update clipsql_private.attachment as a
    set source_oid = reattach.source, source_name = (
        select format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace where c.oid = reattach.source)
    where a.attachment_id = attachment;
    perform
        clipsql_private.choose_columns(
            attachment => attachment, source => reattach.source, url_column => reattach.url_column,
            caption_columns => reattach.caption_columns, metadata_columns => reattach.metadata_columns,
            taken_at_column => reattach.taken_at_column, longitude_column => reattach.longitude_column,
            latitude_column => reattach.latitude_column),
        clipsql_private.choose_target(
            attachment => attachment, collection => coalesce(reattach.collection, (
                select a.collection from clipsql_private.attachment as a where a.attachment_id = attachment)),
            url_prefix => reattach.url_prefix, may_read_files => reattach.may_read_files, model => reattach.model),
        clipsql_private.make_triggers(attachment, reattach.source);
    return (select format('clipsql.%I', a.link) from clipsql_private.attachment as a where a.attachment_id = attachment);
end;
$$;

comment on function clipsql.reattach is
    'Changes the columns of an attached table, and makes triggers that are missing; arguments as in clipsql.attach (at most 50'
    ' caption_columns and metadata_columns, 1000 characters of url_prefix and model), all said anew, but for the collection,'
    ' which stays. A picture whose address stays is not embedded again. For the owner of both.';
