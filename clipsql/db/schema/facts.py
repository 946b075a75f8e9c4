"""What a database has in a schema, as PostgreSQL's catalog tells it, in a form in which two schemas can be compared."""

from __future__ import annotations

import re
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection


class Thing(NamedTuple):
    """One object of a schema; `owner` is the table, view or type of a column, constraint or index."""

    kind: str
    schema: str
    owner: str | None
    name: str

    def __str__(self) -> str:
        if self.kind == "column":
            return f"column {self.schema}.{self.owner}.{self.name}"
        if self.kind == "constraint":
            return f"constraint {self.name} on {self.schema}.{self.owner}"
        return f"{self.kind} {self.schema}.{self.name}"


Facts = dict[Thing, dict[str, str | None]]
"""Properties of things, such as a column's type, by name."""

_SCHEMA = re.compile(r"\b(?:clipsql|clipsql_private|pg_temp(?:_\d+)?)\.")


def catalog_facts(connection: Connection, schema: str) -> Facts:
    """Every function, view, type, table, column, constraint and index of a schema, with what is to be known of it.

    Without the partitions, which come and go with models, and what attachments have of their own. Names in definitions
    lose clipsql's schemas.
    """
    rows = connection.execute(_FACTS, {"schema": schema})
    return {
        Thing(kind, schema, owner, name): {
            fact: None if value is None else _SCHEMA.sub("", value) for fact, value in facts.items()
        }
        for kind, owner, name, facts in rows
    }


_FACTS = sa.text(
    """
    with relation as (
        select c.* from pg_catalog.pg_class as c
        where c.relnamespace = to_regnamespace(:schema) and c.relname <> 'revision'
            and not exists (select from pg_catalog.pg_inherits as h where h.inhrelid = c.oid)
    )
    select 'function' as kind, null as owner,
        -- Of two with one name neither is the one that is expected.
        case when count(*) over (partition by p.proname) = 1 then p.proname::text
             else format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) end as name,
        jsonb_build_object(
        'arguments', pg_get_function_arguments(p.oid),
        'result', pg_get_function_result(p.oid),
        'language', l.lanname,
        'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        'parallel safety', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end,
        'treatment of nulls', case when p.proisstrict then 'strict' else 'called on null input' end,
        'security', case when p.prosecdef then 'definer' else 'invoker' end,
        'cost', p.procost::text,
        'rows', p.prorows::text,
        'settings', coalesce(array_to_string(p.proconfig, ', '), 'none'),
        'body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
        'comment', obj_description(p.oid, 'pg_proc')) as facts
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where p.pronamespace = to_regnamespace(:schema) and p.prokind <> 'a'
        and not starts_with(p.proname, 'note_changed_rows_')
        and not exists (select from pg_catalog.pg_depend as d
                        join pg_catalog.pg_extension as e on e.oid = d.refobjid and e.extname <> 'clipsql'
                        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select case when c.relkind = 'v' then 'view' when c.relkind = 'c' then 'type' else 'table' end,
        null, c.relname, jsonb_build_object(
            'definition', case c.relkind when 'v' then pg_get_viewdef(c.oid) when 'p' then pg_get_partkeydef(c.oid) end,
            'options', coalesce(array_to_string(c.reloptions, ', '), 'none'),
            'comment', coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')))
    from relation as c
    where c.relkind in ('v', 'c', 'r', 'p', 'm')
    union all
    select 'column', c.relname, a.attname, jsonb_build_object(
        'type', format_type(a.atttypid, a.atttypmod),
        'nullability', case when a.attnotnull then 'not null' else 'null' end,
        'default', pg_get_expr(d.adbin, d.adrelid),
        'kind', case when a.attidentity <> '' then 'identity' when a.attgenerated <> '' then 'generated'
                     else 'plain' end,
        'collation', (select l.collname from pg_catalog.pg_collation as l where l.oid = a.attcollation),
        'comment', col_description(c.oid, a.attnum))
    from relation as c
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind in ('v', 'c', 'r', 'p', 'm')
    union all
    select 'constraint', c.relname, k.conname, jsonb_build_object('definition', pg_get_constraintdef(k.oid))
    from relation as c
    join pg_catalog.pg_constraint as k on k.conrelid = c.oid and k.contype in ('c', 'f', 'p', 'u', 'x')
    union all
    select 'index', t.relname, c.relname, jsonb_build_object('definition', pg_get_indexdef(c.oid))
    from relation as c
    join pg_catalog.pg_index as i on i.indexrelid = c.oid
    join relation as t on t.oid = i.indrelid
    where not exists (select from pg_catalog.pg_constraint as k where k.conindid = c.oid)
    """
)


def run_as_owner(connection: Connection) -> set[Thing]:
    """The functions that should run as their owner, because `clipsql.enable_tenants()` was called."""
    if not connection.exec_driver_sql(
        "select to_regproc('clipsql_private.tenant_doors') is not null"
    ).scalar_one():
        return set()
    doors = connection.exec_driver_sql(
        "select split_part(d.door, '.', 1), split_part(d.door, '.', 2) from clipsql_private.tenant_doors() as d"
        " where d.runs_as_owner"
    )
    return {Thing("function", schema, None, name) for schema, name in doors}
