-- The triggers of an attachment, on the table and on each of its partitions, or tables that inherit from it, which may be
-- written directly: a statement fires those of the table that it names. Without column lists, which would forbid to drop a column.
-- They only append to a table without unique keys, so that writers wait for nobody; and whatever goes wrong in them, the row is
-- written and the status tells. By statement, because a trigger for each row costs four times as much in bulk; in a function of
-- its own for each attachment, because a statement that is put together anew costs a single row ten times as much. It still is
-- put together anew where a column has another name now. Security definer: who writes a table needs no right to clipsql.
create or replace function clipsql_private.make_triggers(attachment integer, source regclass)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    noting constant text := format('clipsql_private.note_changed_rows_%s', attachment);
    part regclass;
    one record;
begin
    execute format(
        'create or replace function %s() returns trigger language plpgsql security definer set search_path from current as %L',
        noting, format(
            'begin
                 begin
                     if tg_op = ''INSERT'' then
                         %s;
                     elsif tg_op = ''UPDATE'' then
                         %s;
                     elsif tg_op = ''DELETE'' then
                         %s;
                     else
                         %s;
                     end if;
                 exception when undefined_column then
                     execute coalesce(clipsql_private.note_statement(%s, tg_op), ''select'');
                 end;
                 return null;
             exception when others then
                 perform clipsql_private.note_problem(%5$s, format(''A write of %%s was not noted (%%s).'', tg_relid::regclass, sqlerrm));
                 return null;
             end',
            clipsql_private.note_statement(attachment, 'INSERT'), clipsql_private.note_statement(attachment, 'UPDATE'),
            clipsql_private.note_statement(attachment, 'DELETE'), clipsql_private.note_statement(attachment, 'TRUNCATE'),
            attachment));
    execute format('alter function %s() owner to %s', noting, (
        select c.relowner::regrole from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass));
    execute format('comment on function %s() is %L', noting, format('Trigger: notes changed rows of %s for workers.', source));
    for part in
        with recursive parts(part) as (
            select source::oid
            union
            select i.inhrelid from parts as p join pg_catalog.pg_inherits as i on i.inhparent = p.part
        )
        select p.part from parts as p join pg_catalog.pg_class as c on c.oid = p.part where c.relkind in ('r', 'p')
    loop
        for one in
            select *
            from (values
                ('insert', 'referencing new table as new_rows'),
                ('update', 'referencing old table as old_rows new table as new_rows'),
                ('delete', 'referencing old table as old_rows'),
                ('truncate', '')) as e(event, tables)
        loop
            execute format(
                'create or replace trigger clipsql_attachment_%s_%s after %2$s on %s %s for each statement execute function %s()',
                attachment, one.event, part, one.tables, noting);
        end loop;
    end loop;
end;
$$;

comment on function clipsql_private.make_triggers(integer, regclass) is 'Makes the triggers of an attachment, those that are missing.';
