-- The attachments of a table, of one of its columns where that is named; an error where there is none.
create or replace function clipsql_private.attachments_of(source regclass, url_column text)
returns setof integer
language plpgsql stable parallel safe
set search_path from current
as $$
#variable_conflict use_variable
begin
    return query
    select a.attachment_id
    from clipsql_private.attachment as a
    where a.source = attachments_of.source and (url_column is null or clipsql_private.url_column_of(a.attachment_id) = url_column)
    order by a.attachment_id;
    if not found then
        raise exception using errcode = 'CQ004', message = format(
            'No pictures are attached to %s%s; attached are: %s.', coalesce(source::text, 'null'), ' by its column ' || url_column,
            coalesce((
                select string_agg(
                    format('%s by %s', a.source_name, clipsql_private.url_column_of(a.attachment_id)), ', ' order by a.attachment_id)
                from clipsql_private.attachment as a), 'none'));
    end if;
end;
$$;

comment on function clipsql_private.attachments_of(regclass, text) is 'Numbers of the attachments of a table; CQ004 where there is none.';
