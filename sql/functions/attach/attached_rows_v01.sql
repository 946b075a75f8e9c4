-- Rows of an attached table with their pictures, as a FROM and WHERE over a row s, its link l and a picture i, for a statement
-- in which $1 is the filter. Only rows that this reader sees and whose address is still that of the picture. Metadata are the
-- row's own, as they are now: two rows may have one picture.
create or replace function clipsql_private.attached_rows(attachment integer, filter clipsql_private.search_filter)
returns text
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
begin
    if attached.is_usable is not true then
        raise exception using errcode = 'CQ007', message = format(
            'The rows of %s cannot be searched: %s; mend that, then run clipsql.reattach.',
            attached.source, attached.state);
    end if;
    return format(
        '%s as l join %s as s on %s where l.image_id = i.image_id and %s',
        attached.link, attached.source, clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'l'),
        concat_ws(' and ',
            format('i.url = %s', attached.address),
            case when filter.having_metadata is not null then
                format('(i.metadata || %s) @> ($1).having_metadata', attached.metadata) end,
            case when filter.metadata_matches is not null then
                format('(i.metadata || %s) @@ ($1).metadata_matches', attached.metadata) end));
end;
$$;

comment on function clipsql_private.attached_rows is
    'SQL that gives the rows s of an attachment that have the picture i and meet the filter $1; CQ007 when it cannot be read.';
