-- Whether the condition of a policy means the same when it is read under another role, but for current_user, which can be
-- put in: columns, constants, comparisons and functions of PostgreSQL itself that are immutable, and current_setting.
-- A subquery would read its tables with the rights of the other role; a function of one's own may ask who calls it.
create or replace function clipsql_private.is_plain_condition(condition pg_node_tree)
returns boolean
language sql stable parallel safe
begin atomic
    select condition is null or (
        not exists (
            select from regexp_matches(condition::text, '\{([A-Z]+)', 'g') as n(node)
            where n.node[1] not in (
                'VAR', 'CONST', 'OPEXPR', 'SCALARARRAYOPEXPR', 'DISTINCTEXPR', 'NULLIFEXPR', 'FUNCEXPR', 'BOOLEXPR',
                'NULLTEST', 'BOOLEANTEST', 'RELABELTYPE', 'COERCEVIAIO', 'COALESCEEXPR', 'COALESCE', 'CASEEXPR', 'CASE',
                'CASEWHEN', 'WHEN', 'CASETESTEXPR', 'ARRAYEXPR', 'ARRAY', 'MINMAX', 'SQLVALUEFUNCTION'))
        and not exists (
            select from (
                select f.id[1]::oid from regexp_matches(condition::text, ':(?:opfuncid|funcid) (\d+)', 'g') as f(id)
                union all
                select o.oprcode::oid
                from regexp_matches(condition::text, ':opno (\d+)', 'g') as f(id)
                left join pg_catalog.pg_operator as o on o.oid = f.id[1]::oid
            ) as called(id)
            left join pg_catalog.pg_proc as p on p.oid = called.id
            where called.id is distinct from 0
                and not coalesce(
                    p.pronamespace = 'pg_catalog'::regnamespace and (p.provolatile = 'i' or p.proname = 'current_setting'), false)));
end;

comment on function clipsql_private.is_plain_condition(pg_node_tree) is
    'Whether the condition of a policy can be applied under another role.';
