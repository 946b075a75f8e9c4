-- The column with the addresses of an attachment, by the name that it has now; one that is gone, by the name that it had.
create or replace function clipsql_private.url_column_of(attachment integer)
returns text
language sql stable parallel safe
return (
    select coalesce(a.attname, c.name)
    from clipsql_private.attachment as t
    join clipsql_private.attached_column as c on c.attachment_id = t.attachment_id and c.role = 'url'
    left join pg_catalog.pg_attribute as a
        on a.attrelid = t.source and a.attnum > 0 and not a.attisdropped
        and case when t.source::oid = t.source_oid then a.attnum = c.number else a.attname = c.name end
    where t.attachment_id = attachment);

comment on function clipsql_private.url_column_of(integer) is 'Name of the column with the addresses of an attachment, as it is now.';
