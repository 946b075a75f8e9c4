-- The statement that compares the codes of all matches, or of only a few: $1 is the filter, $2 the code of the query, $3 how
-- many are listed.
create or replace function clipsql_private.scan_statement(
    conditions text, filter clipsql_private.search_filter, of_basis integer, only_few boolean default false)
returns text
language sql stable parallel safe
return format(
    'select m.image_id, m.left_out, 1 + (m.code <#> $2::halfvec) as distance
     from (select i.image_id, %s.left_out, %1$s.code %s %s) as m order by distance limit $3',
    case when clipsql_private.is_narrow(filter) then 'i' else 'r' end,
    clipsql_private.narrow_rows(conditions, filter, of_basis),
    case when only_few then 'limit $3' end);

comment on function clipsql_private.scan_statement(text, clipsql_private.search_filter, integer, boolean) is
    'SQL that finds the nearest matches by their codes: $1 filter, $2 code, $3 length of the list.';
