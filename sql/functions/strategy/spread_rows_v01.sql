-- Where so many rows of a table may lie, spread evenly over its pages: for a look at a table that costs the same however
-- large it is. Always the same places: what rests on them is then always the same, and read from warm pages.
create or replace function clipsql_private.spread_rows(of_table regclass, how_many integer)
returns tid[]
language plpgsql stable parallel safe
as $$
declare
    -- Its multiples fall evenly, and into no period that the rows may have.
    golden_ratio constant double precision := 0.6180339887498949;
begin
    return array(
        select format('(%s,%s)', floor(c.pages * (golden_ratio * n - floor(golden_ratio * n)))::bigint, 1 + n % c.rows_per_page)::tid
        from (
            select pg_relation_size(k.oid) / current_setting('block_size')::integer as pages,
                greatest(1, 0.8 * k.reltuples / nullif(k.relpages, 0))::integer as rows_per_page
            from pg_catalog.pg_class as k
            where k.oid = of_table
            offset 0
        ) as c
        cross join generate_series(1, how_many) as n);
end;
$$;

comment on function clipsql_private.spread_rows(regclass, integer) is
    'Places of rows spread evenly over a table; some may be empty.';
