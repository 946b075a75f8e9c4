-- The tables of an attachment are those of clipsql's owner, whoever made them: described, and open to whom the rest is.
create or replace function clipsql_private.hand_over(attachment integer, source regclass)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    owner constant regrole := (select c.relowner from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass);
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    one record;
begin
    execute format('alter table %s owner to %s', attached.link, owner);
    execute format('alter table %s owner to %s', attached.changes, owner);
    perform clipsql_private.grant_as_whole(t.own) from unnest(array[attached.link, attached.changes]::regclass[]) as t(own);
    execute format('comment on table %s is %L', attached.link, format('Which picture a row of %s has.', source));
    for one in
        select a.attname, coalesce(
            col_description('clipsql_private.link'::regclass, p.attnum), format('Key of the row, as in %s.', source)) as words
        from pg_catalog.pg_attribute as a
        left join pg_catalog.pg_attribute as p on p.attrelid = 'clipsql_private.link'::regclass and p.attname = a.attname
        where a.attrelid = attached.link::regclass and a.attnum > 0
    loop
        execute format('comment on column %s.%I is %L', attached.link, one.attname, one.words);
    end loop;
end;
$$;

comment on function clipsql_private.hand_over(integer, regclass) is 'Owner, rights and comments of the tables of an attachment.';
