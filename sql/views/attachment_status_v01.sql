-- Each attachment with its rows counted, exactly: it reads the table. security_invoker: row-level security holds here too.
create or replace view clipsql.attachment_status with (security_invoker = true) as
select
    a.source::oid as source,
    coalesce(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.source_name) as source_name,
    clipsql_private.url_column_of(a.attachment_id) as url_column,
    a.collection,
    m.name as model,
    format('clipsql.%I', a.link) as link,
    s.row_count as rows,
    s.embedded,
    s.pending,
    s.failed,
    s.missing,
    s.oldest_pending,
    s.last_error,
    s.state
from clipsql_private.attachment as a
left join pg_catalog.pg_class as c on c.oid = a.source
left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join clipsql.model as m on m.model_id = a.model_id
cross join lateral clipsql_private.count_attached_rows(a.attachment_id) as s;

comment on view clipsql.attachment_status is 'Attached tables: their rows by the state of their pictures, exactly counted, and what is wrong.';
comment on column clipsql.attachment_status.source is 'Number of the table; clipsql.detach takes that of one that is dropped.';
comment on column clipsql.attachment_status.source_name is 'Name of the table.';
comment on column clipsql.attachment_status.url_column is 'The column with the address of the picture; one that is gone, by the name that it had.';
comment on column clipsql.attachment_status.collection is 'The collection of its pictures.';
comment on column clipsql.attachment_status.model is 'The model under which they are embedded; null: that of the worker that comes first.';
comment on column clipsql.attachment_status.link is 'The table that says which picture a row has.';
comment on column clipsql.attachment_status.rows is 'Rows of the table; null where it cannot be read.';
comment on column clipsql.attachment_status.embedded is 'Rows whose picture has a vector, of the address that the row has now.';
comment on column clipsql.attachment_status.pending is 'Rows whose picture waits for a worker.';
comment on column clipsql.attachment_status.failed is 'Rows whose picture cannot be had, or that say what no picture can be; some are tried again.';
comment on column clipsql.attachment_status.missing is 'Rows without an address.';
comment on column clipsql.attachment_status.oldest_pending is 'Since when the row that waits longest waits.';
comment on column clipsql.attachment_status.last_error is 'What went wrong last.';
comment on column clipsql.attachment_status.state is 'ok, or what happened to the table or its columns.';
