-- Where so many rows of a table may lie, spread evenly over its pages: for a look at a table that costs the same however
-- large it is. Always the same places: what rests on them is then always the same, and read from warm pages.
create or replace function clipsql_private.spread_rows(of_table regclass, how_many integer)
returns tid[]
language plpgsql stable parallel safe
as $$
declare
    -- Its multiples fall evenly, and into no period that the rows may have.
    golden_ratio constant double precision := 0.6180339887498949;
    pages bigint;
    rows_per_page integer;
begin
    select
        pg_relation_size(c.oid) / current_setting('block_size')::integer,
        greatest(1, 0.8 * c.reltuples / nullif(c.relpages, 0))::integer
    into pages, rows_per_page
    from pg_catalog.pg_class as c
    where c.oid = of_table;
    return array(
        select format('(%s,%s)', floor(pages * (golden_ratio * n - floor(golden_ratio * n)))::bigint, 1 + n % rows_per_page)::tid
        from generate_series(1, how_many) as n);
end;
$$;

comment on function clipsql_private.spread_rows(regclass, integer) is
    'Places of rows spread evenly over a table; some may be empty.';
