-- The share of all pictures that the conditions leave, from rows spread evenly over the table, of search rows where there
-- are any. Unlike the planner's estimate it knows how filters go together, and knows places, captions and row-level
-- security, for which PostgreSQL keeps no statistics. Always the same rows, so the same search is answered in the same way.
create or replace function clipsql_private.sample_share(conditions text, filter clipsql_private.search_filter, of_basis integer)
returns double precision
language plpgsql stable parallel safe
set search_path from current
set gin_fuzzy_search_limit = 0
as $$
declare
    sample_size constant integer := 64;
    is_narrow constant boolean := of_basis is not null and clipsql_private.is_narrow(filter);
    rows_of constant text := format('clipsql_private.search_row_%s', of_basis);
    found_rows bigint;
    passing_rows bigint;
begin
    execute format(
            -- offset 0 keeps the planner from looking the conditions up in their indexes.
            'select count(*), count(*) filter (where %s)
             from (select s.* from %s as s where s.ctid = any ($2) offset 0) as i', conditions,
            case when is_narrow then rows_of else clipsql_private.visible_images() end)
        into found_rows, passing_rows using filter,
            clipsql_private.spread_rows(case when is_narrow then rows_of else 'clipsql.image' end::regclass, sample_size);
    -- None in the sample is not none at all. Rows hidden by row-level security are not found, and do not match.
    return greatest(passing_rows, 0.5)
        / greatest(1, case when clipsql_private.is_restricted() then sample_size else found_rows end);
end;
$$;

comment on function clipsql_private.sample_share(text, clipsql_private.search_filter, integer) is
    'Share of the pictures that meet the conditions, estimated from an even sample of them.';
