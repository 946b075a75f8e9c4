"""Tell how a database differs from what this clipsql expects, as lines for people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from clipsql import assets
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base


def schema_differences(connection: Connection, options: dict[str, Any]) -> list[str]:
    """One line for each difference: tables, columns, constraints, functions, types, views, HNSW indexes."""
    # For a user called clipsql "$user" makes this schema the default one, which Alembic then knows only as None.
    connection.dialect.default_schema_name = "public"
    found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    return [
        *(_described(difference) for difference in found),
        *_missing_checks(connection),
        *_missing_from_files(connection),
        *([] if found else _unusable_hnsw_indexes(connection)),  # it reads the tables
    ]


def _described(difference: Any) -> str:
    """What Alembic found, in words: `column clipsql.image.width is missing`."""
    if isinstance(difference, list):  # what changed on one column
        changes = ", ".join(f"{change[0].removeprefix('modify_')} {change[-2]!r}" for change in difference)
        _, schema, table, column = difference[0][:4]
        return f"column {schema}.{table}.{column} is not as expected ({changes})"
    operation, *where, thing = difference
    verb, kind = operation.split("_", 1)
    name = thing.name or ", ".join(column.name for column in thing.columns)
    return f"{kind} {'.'.join([*where, name])} is {'missing' if verb == 'add' else 'not expected'}"


def _missing_checks(connection: Connection) -> list[str]:
    """Check constraints, which Alembic does not compare."""
    inspector = sa.inspect(connection)
    present = {
        **inspector.get_multi_check_constraints(schema=SCHEMA),
        **inspector.get_multi_check_constraints(schema=PRIVATE_SCHEMA),
    }
    return [
        f"check constraint {constraint.name} on {table.fullname} is missing"
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
        and constraint.name not in {check["name"] for check in present.get((table.schema, table.name), [])}
    ]


def _missing_from_files(connection: Connection) -> list[str]:
    """Functions, types and views that have a file in sql/ and are not in the database."""
    present = set(
        connection.execute(
            sa.text(
                "select format('%s.%s', pronamespace::regnamespace, proname) from pg_proc"
                " where pronamespace in (to_regnamespace(:public), to_regnamespace(:private))"
                " union all select format('%s.%s', relnamespace::regnamespace, relname) from pg_class"
                " where relnamespace in (to_regnamespace(:public), to_regnamespace(:private)) and relkind in ('c', 'v')"
            ),
            {"public": SCHEMA, "private": PRIVATE_SCHEMA},
        ).scalars()
    )
    return [
        f"{kind} {name} is missing"
        for kind, folder in (("function", "functions"), ("type", "types"), ("view", "views"))
        for name in (assets.qualified_name(folder, bare) for bare in assets.newest_sql_files(folder))
        if name not in present
    ]


def _unusable_hnsw_indexes(connection: Connection) -> list[str]:
    """Partitions with rows, whose HNSW index is missing or invalid: searches are right, but slow."""
    return list(
        connection.execute(
            sa.text(
                """
                select format('index %s is %s', clipsql_private.hnsw_index_name(t.name, m.model_id),
                              case when x.indexrelid is null then 'missing; the next ingest builds it'
                                   else 'invalid; drop it and the next ingest builds it' end)
                from clipsql.model as m
                cross join lateral (values
                    ('image_embedding',
                     exists (select from clipsql.image_embedding as e where e.model_id = m.model_id)),
                    ('caption_embedding',
                     exists (select from clipsql.caption_embedding as e where e.model_id = m.model_id)))
                    as t(name, has_rows)
                left join pg_catalog.pg_index as x
                    on x.indexrelid = to_regclass(clipsql_private.hnsw_index_name(t.name, m.model_id))
                where t.has_rows and x.indisvalid is not true
                order by 1
                """
            )
        ).scalars()
    )
