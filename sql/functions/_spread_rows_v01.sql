-- Where so many rows of a table may lie, spread evenly over its pages: for a look at a table that costs the same however
-- large it is. Always the same places: what rests on them is then always the same, and read from warm pages.
create or replace function clipsql._spread_rows(of_table regclass, how_many integer)
returns tid[]
language sql stable parallel safe
return (
    select array_agg(('(' || floor(t.pages * (g.golden - floor(g.golden))) || ',' || 1 + g.n % t.rows_per_page || ')')::tid)
    from (
        select
            pg_relation_size(c.oid) / current_setting('block_size')::integer as pages,
            greatest(1, 0.8 * c.reltuples / nullif(c.relpages, 0))::integer as rows_per_page
        from pg_catalog.pg_class as c
        where c.oid = of_table
    ) as t
    -- Multiples of the golden ratio fall evenly, and into no period that the rows may have.
    cross join (select s.n, 0.6180339887498949::double precision * s.n from generate_series(1, how_many) as s(n)) as g(n, golden));

comment on function clipsql._spread_rows(regclass, integer) is
    'Places of rows spread evenly over a table; some may be empty.';
