-- The share of all pictures that the conditions leave, from rows spread evenly over the table. Unlike the planner's
-- estimate it knows how filters go together, and knows places, captions and row-level security, for which PostgreSQL
-- keeps no statistics. Always the same rows: the same search is then answered in the same way, from warm pages.
create or replace function clipsql._sample_share(conditions text, filter clipsql._filter, sample_size integer)
returns double precision
language plpgsql stable parallel safe
set search_path from current
as $$
declare
    golden constant double precision := 0.6180339887498949;
    pages bigint;
    rows_per_page integer;
    places tid[];
    found_rows bigint;
    passing_rows bigint;
begin
    select
        pg_relation_size(c.oid) / current_setting('block_size')::integer,
        greatest(1, 0.8 * c.reltuples / nullif(c.relpages, 0))
    into pages, rows_per_page
    from pg_catalog.pg_class as c
    where c.oid = 'clipsql.image'::regclass;
    -- Multiples of the golden ratio fall evenly, and into no period that the rows may have.
    places := array(
        select ('(' || floor(pages * (golden * g.n - floor(golden * g.n))) || ',' || 1 + g.n % rows_per_page || ')')::tid
        from generate_series(1, sample_size) as g(n));
    execute format(
            -- offset 0 keeps the planner from looking the conditions up in their indexes.
            'select count(*), count(*) filter (where %s)
             from (select t.* from clipsql.image as t where t.ctid = any ($2) offset 0) as i', conditions)
        into found_rows, passing_rows using filter, places;
    -- None in the sample is not none at all. Rows hidden by row-level security are not found, and do not match.
    return greatest(passing_rows, 0.5)
        / greatest(1, case when row_security_active('clipsql.image') then sample_size else found_rows end);
end;
$$;

comment on function clipsql._sample_share(text, clipsql._filter, integer) is
    'Share of the pictures that meet the conditions, estimated from an even sample of them.';
