-- What a search reads in place of pictures: search rows, which have all that most filters look at, alone or beside the
-- pictures where a filter looks at more. The partition by its name: who still reads as of a time before it was dropped
-- meets an error, not an empty table.
create or replace function clipsql_private.narrow_rows(conditions text, filter clipsql_private.search_filter, of_basis integer)
returns text
language sql stable parallel safe
return format(
    case when clipsql_private.is_narrow(filter)
        then 'from clipsql_private.search_row_%1$s as i where %2$s'
        else 'from clipsql.image as i join clipsql_private.search_row_%1$s as r on r.image_id = i.image_id where %2$s' end,
    of_basis, coalesce(nullif(conditions, ''), 'true'));

comment on function clipsql_private.narrow_rows(text, clipsql_private.search_filter, integer) is
    'FROM and WHERE over search rows (alone, or beside the pictures i) that meet the conditions; $1 is the filter.';
