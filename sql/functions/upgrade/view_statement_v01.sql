-- The statement that makes a view or materialised view again, with its options; a filled one is filled again.
create or replace function clipsql_private.view_statement(of_view oid)
returns text
language sql stable parallel safe
begin atomic
    select format('create %s %s%s%s%s as %s%s',
        case c.relkind when 'm' then 'materialized view' else 'view' end,
        c.oid::regclass,
        ' using ' || quote_ident(m.amname),
        (select format(' with (%s)', string_agg(format('%I = %L', o.option_name, o.option_value), ', '))
         from pg_options_to_table(c.reloptions) as o
         having count(*) > 0),
        ' tablespace ' || quote_ident(s.spcname),
        rtrim(pg_get_viewdef(c.oid), ';'),
        case when c.relkind = 'm' and not c.relispopulated then ' with no data' end)
    from pg_catalog.pg_class as c
    left join pg_catalog.pg_am as m on m.oid = c.relam
    left join pg_catalog.pg_tablespace as s on s.oid = c.reltablespace
    where c.oid = of_view;
end;

comment on function clipsql_private.view_statement(oid) is
    'The statement that makes a view or materialised view again, as it is.';
