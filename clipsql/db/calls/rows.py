"""clipsql.search_rows as a table to join with the one whose rows it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import BigInteger, Double, Text, TypeEngine, UserDefinedType

from clipsql.db.calls.arguments import SearchOptions, sql_arguments, sql_value, sql_vector
from clipsql.errors import InvalidArgument


def search_rows(
    of_table: sa.Table | type[Any],
    query: str | ColumnElement[str] | None,
    *,
    only_rows: Sequence[Any] | sa.Select[Any] | None = None,
    url_column: str | None = None,
    query_vector: Sequence[float] | ColumnElement[Any] | None = None,
    **options: Unpack[SearchOptions],
) -> sa.Subquery:
    """Rows of clipsql.search_rows: the keys of the nearest rows of an attached table, with image_id and similarity.

    `of_table` is a Table or a mapped class; the columns of its key keep their names, after `row_` where image_id or
    similarity is one. `only_rows` are keys, a tuple each where they have several columns, or a select of them.
    `query_vector` stands for a query that the database cannot embed. Raises TypeError for an option that there is
    not, InvalidArgument for a table without a primary key.

        matches = search_rows(Product, "red shoe", only_rows=select(Product.id).where(Product.price < 50))
        select(Product, matches.c.similarity).join(matches, matches.c.id == Product.id)
    """
    table, key = _table_and_key(of_table)
    arguments = row_arguments(query, options, url_column=url_column, query_vector=query_vector)
    if only_rows is not None:
        arguments += sql_arguments({}, SearchOptions, only_rows=_keys(only_rows))
    no_row = sa.cast(sa.null(), _RowOf(table.schema, table.name))
    found = sa.func.clipsql.search_rows(no_row, *arguments).table_valued(
        sa.column("item"), sa.column("image_id", BigInteger), sa.column("similarity", Double), name="found"
    )
    fields = [
        _Field(found.c.item, column.name, column.type).label(
            f"row_{column.name}" if column.name in found.c else column.name
        )
        for column in key
    ]
    return sa.select(*fields, found.c.image_id, found.c.similarity).subquery("matches")


def row_arguments(
    query: str | ColumnElement[str] | None,
    options: SearchOptions,
    *,
    url_column: str | None,
    query_vector: Sequence[float] | ColumnElement[Any] | None,
) -> list[ColumnElement[Any]]:
    """Arguments of clipsql.search_rows, in named notation, but for the table and only_rows."""
    others = {"query": sql_value(query, Text())}
    if url_column is not None:
        others["url_column"] = sql_value(url_column, Text())
    if query_vector is not None:
        others["query_vector"] = sa.cast(sql_vector(query_vector), VECTOR())
    return sql_arguments(options, SearchOptions, **others)


def _table_and_key(of_table: sa.Table | type[Any]) -> tuple[sa.Table, list[sa.Column[Any]]]:
    table = of_table if isinstance(of_table, sa.Table) else sa.inspect(of_table).local_table
    key = list(table.primary_key)
    if not key:
        raise InvalidArgument(
            f"{table.fullname} has no primary key in SQLAlchemy; declare the one that it has."
        )
    return table, key


def _keys(rows: Sequence[Any] | sa.Select[Any]) -> ColumnElement[Any]:
    """Keys as texts: an array, one of arrays where keys have several columns."""
    if isinstance(rows, sa.Select):
        columns = [sa.cast(column, Text()) for column in rows.subquery().c]
        return sql_value(sa.select(columns[0] if len(columns) == 1 else array(columns)), ARRAY(Text))
    keys = [[str(part) for part in row] if isinstance(row, tuple) else str(row) for row in rows]
    return sql_value(keys, ARRAY(Text))


class _RowOf(UserDefinedType[Any]):
    """The type of a table's rows."""

    cache_ok = True

    def __init__(self, schema: str | None, name: str) -> None:
        self.schema = schema
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        parts = filter(None, (self.schema, self.name))
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


class _Field(ColumnElement[Any]):
    """A column of a row that is one value: `(found.item).price`."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012  SQLAlchemy declares it so
        ("row", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ("name", sa.sql.visitors.InternalTraversal.dp_string),
        ("type", sa.sql.visitors.InternalTraversal.dp_type),
    ]

    def __init__(self, row: ColumnElement[Any], name: str, type_: TypeEngine[Any]) -> None:
        self.row = row
        self.name = name
        self.type = type_

    @property
    def _from_objects(self) -> list[Any]:
        return self.row._from_objects


@compiles(_Field)
def _compile_field(element: _Field, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.row, **options)}).{compiler.preparer.quote(element.name)}"
