-- Keys of an attached table that a caller gives as texts, for a statement in which they are $5: one each, or one list each where
-- a key has several columns.
create or replace function clipsql_private.given_keys(attachment integer, only_rows text[])
returns text
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    widths constant integer := (
        select count(*) from clipsql_private.attached_column as c where c.attachment_id = attachment and c.role = 'key');
begin
    perform clipsql_private.check_most('only_rows', array_length(only_rows, 1), 'rows');
    if only_rows <> '{}' and (
            array_ndims(only_rows) <> case widths when 1 then 1 else 2 end or array_length(only_rows, 2) <> widths) then
        raise exception using errcode = 'CQ004', message = format(
            'only_rows must hold keys as texts, %s; write it as array(select %s from ...).',
            case widths when 1 then 'one for each row' else format('a list of %s for each row', widths) end,
            case widths when 1 then 'p.id::text' else 'array[p.a::text, p.b::text]' end);
    end if;
    -- Not by subscripts, each of which would be searched for from the beginning.
    return (
        select case widths
            when 1 then format('(select u.part::%s as %I from unnest($5) as u(part))', min(c.type), min(c.key_name))
            else format(
                '(select %s from unnest($5) with ordinality as u(part, number) group by (u.number - 1) / %s)',
                string_agg(
                    format('(max(u.part) filter (where u.number %% %s = %s))::%s as %I',
                        widths, c.position % widths, c.type, c.key_name),
                    ', ' order by c.position),
                widths)
            end
        from clipsql_private.attached_column as c
        where c.attachment_id = attachment and c.role = 'key');
end;
$$;

comment on function clipsql_private.given_keys(integer, text[]) is 'SQL for the keys of given rows, from $5; CQ004 for what are no keys.';
