"""Say in the database what its schemas, tables and columns are; the words are those of the classes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from psycopg import sql

from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base

_SCHEMAS = {
    SCHEMA: "CLIP image search: tables, views and functions that you may rely on.",
    PRIVATE_SCHEMA: "Internals of clipsql: keep out, whatever is here may change in any release.",
}


def describe_tables() -> str:
    """One statement that comments on the schemas, tables and columns that are there and differ; all else it leaves."""
    return _DESCRIBE.format(sql.Literal(json.dumps(list(_descriptions())))).as_string(None)


def _descriptions() -> Iterator[tuple[str, str | None, str | None, str]]:
    """Schema, table, column and comment."""
    for schema, words in _SCHEMAS.items():
        yield schema, None, None, words
    for table in Base.metadata.sorted_tables:
        assert table.schema is not None
        for column, comment in ((None, table.comment), *((one.name, one.comment) for one in table.columns)):
            if comment is not None:
                yield table.schema, table.name, column, comment


# What is described already is not touched: an upgrade of a current database needs no owner.
_DESCRIBE = sql.SQL(
    """\
do $describe$
declare
    statement text;
begin
    for statement in
        select format(
            case
                when d.relation is null then 'comment on schema %1$I is %4$L'
                when d.attribute is null then 'comment on table %1$I.%2$I is %4$L'
                else 'comment on column %1$I.%2$I.%3$I is %4$L'
            end, d.schema, d.relation, d.attribute, d.comment)
        from (
            select one->>0 as schema, one->>1 as relation, one->>2 as attribute, one->>3 as comment
            from jsonb_array_elements({}::jsonb) as e(one)
        ) as d
        join pg_catalog.pg_namespace as n on n.nspname = d.schema
        left join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = d.relation
        left join pg_catalog.pg_attribute as a
            on a.attrelid = c.oid and a.attname = d.attribute and not a.attisdropped
        where case
            -- An administrator may have made the schema and kept it.
            when d.relation is null then pg_has_role(n.nspowner, 'usage')
                and d.comment is distinct from obj_description(n.oid, 'pg_namespace')
            when d.attribute is null then c.oid is not null
                and d.comment is distinct from obj_description(c.oid, 'pg_class')
            else a.attnum is not null and d.comment is distinct from col_description(c.oid, a.attnum)
        end
    loop
        execute statement;
    end loop;
end
$describe$"""
)
