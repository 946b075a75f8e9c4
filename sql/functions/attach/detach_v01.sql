-- Takes an attachment away, with its triggers, its links and, unless they are kept, the pictures that it brought. A table that
-- is dropped already is named by its number: clipsql.attachment_status has it.
create or replace function clipsql.detach(source regclass, keep_pictures boolean default false, url_column text default null)
returns integer
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_column
declare
    attachment integer;
    attached clipsql_private.attached_table;
    one record;
    brought bigint[];
    removed integer := 0;
    batch integer;
begin
    perform clipsql_private.check_rights_to_attach(detach.source);
    -- No worker is to apply notes meanwhile. First, for one at work reads the table whose triggers are to go.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    lock table clipsql_private.attachment in share row exclusive mode;
    for attachment in select n from clipsql_private.attachments_of(detach.source, detach.url_column) as n loop
        attached := clipsql_private.attached_table(attachment);
        for one in
            select t.tgname, t.tgrelid::regclass as part
            from pg_catalog.pg_trigger as t
            where not t.tgisinternal and t.tgfoid = to_regproc(format('clipsql_private.note_changed_rows_%s', attachment))
                and starts_with(t.tgname, format('clipsql_attachment_%s_', attachment))
        loop
            execute format('drop trigger %I on %s', one.tgname, one.part);
        end loop;
        brought := array(
            select l.image_id from clipsql_private.link as l
            where l.tableoid = attached.link::regclass and l.is_ours and not detach.keep_pictures);
        execute format('drop table %s, %s', attached.link, attached.changes);
        execute format('drop function clipsql_private.note_changed_rows_%s()', attachment);
        delete from clipsql_private.attachment_problem as p where p.attachment_id = attachment;
        delete from clipsql_private.attachment as a where a.attachment_id = attachment;
        with locked as materialized (
            select i.image_id from clipsql.image as i
            where i.image_id = any (brought) and not exists (select from clipsql_private.link as l where l.image_id = i.image_id)
            order by i.image_id for update
        )
        delete from clipsql.image as i using locked as l where i.image_id = l.image_id;
        get diagnostics batch = row_count;
        removed := removed + batch;
    end loop;
    return removed;
end;
$$;

comment on function clipsql.detach(regclass, boolean, text) is
    'Detaches a table, or one url_column of it, and returns how many pictures it removed: those that the attachment brought and'
    ' nothing else links, unless keep_pictures. For the owner of both.';
