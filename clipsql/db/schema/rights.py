"""Who may do what: the one place that says it, for every upgrade to grant and every check to compare."""

from __future__ import annotations

from psycopg import sql
from sqlalchemy.engine import Connection

from clipsql import assets
from clipsql.db.statements import driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base

READER = "clipsql_reader"
"""The role of those who only search: it reads what is public and runs every function with its own rights."""

_READ_BY_FUNCTIONS = (
    "percentile_sample",
    "percentile_sample_embedding",
    "remembered_text",
    "search_tuning",
    "text_added_token",
    "text_matrix",
    "text_merge",
    "text_neuron",
    "text_position",
    "text_token",
    "text_tower",
    "text_word",
    "thumbnail",
)
"""Private tables whose rows public functions and views need. Partitions are not among them: they are read through the
tables that they are parts of, so it does not matter who made them."""

_READ = [
    *(table.fullname for table in Base.metadata.sorted_tables if table.schema == SCHEMA),
    *(assets.qualified_name("views", name) for name in assets.newest_sql_files("views")),
    *(f"{PRIVATE_SCHEMA}.{name}" for name in _READ_BY_FUNCTIONS),
]
_RUN = [assets.qualified_name("functions", name) for name in assets.newest_sql_files("functions")]

_RIGHTS = sql.SQL(
    """
    with object as (
        select 'table' as kind, c.oid::regclass::text as name, c.oid::regclass::text as target, c.relacl as rights
        from pg_catalog.pg_class as c
        where c.relnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
        union all
        select 'routine', format('%s.%s', p.pronamespace::regnamespace, p.proname), p.oid::regprocedure::text, p.proacl
        from pg_catalog.pg_proc as p
        where p.pronamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    ), expected as (
        select case o.kind when 'table' then 'select' else 'execute' end as privilege, o.kind, o.target
        from object as o
        where o.kind = 'table' and o.name = any ({read}::text[]) or o.kind = 'routine' and o.name = any ({run}::text[])
        union
        -- A schema without a function is one that a downgrade has emptied.
        select 'usage', 'schema', split_part(o.name, '.', 1)
        from object as o
        where o.kind = 'routine' and o.name = any ({run}::text[])
    ), granted as (
        select lower(x.privilege_type) as privilege, o.kind, o.target
        from (
            select o.kind, o.target, o.rights from object as o
            union all
            select 'schema', n.nspname, n.nspacl
            from pg_catalog.pg_namespace as n
            where n.nspname in ('clipsql', 'clipsql_private')
        ) as o
        cross join lateral aclexplode(o.rights) as x
        where x.grantee = to_regrole({role})
    )
    select 'lacks' as state, l.* from (table expected except table granted) as l
    union all
    select 'should not have', g.* from (table granted except table expected) as g
    order by kind, target, privilege
    """
).format(read=sql.Literal(_READ), run=sql.Literal(_RUN), role=sql.Literal(READER))

GRANT_LOST_RIGHTS = (
    sql.SQL(
        """\
do $grant$
declare
    one record;
begin
    for one in select r.* from ({rights}) as r where r.state = 'lacks' loop
        execute format('grant %s on %s %s to {role}', one.privilege, one.kind, one.target);
    end loop;
end
$grant$"""
    )
    .format(rights=_RIGHTS, role=sql.Identifier(READER))
    .as_string(None)
)
"""One statement that grants what is lacking, and needs no owner where nothing is."""


def right_differences(connection: Connection) -> list[str]:
    """One line for each right that the role lacks or should not have, or for the role when it is missing."""
    driver = driver_connection(connection)
    if driver.execute("select to_regrole(%s)", (READER,)).fetchone() == (None,):
        return [f'role {READER} is missing; run "clipsql db upgrade"']
    return [
        f"role {READER} {state} {privilege} on {kind} {target}; "
        + (
            'run "clipsql db upgrade"'
            if state == "lacks"
            else f"run: revoke {privilege} on {kind} {target} from {READER}"
        )
        for state, privilege, kind, target in driver.execute(_RIGHTS)
    ]
