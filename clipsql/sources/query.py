"""Read the rows of an SQL query, in this or another PostgreSQL database, a small batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from clipsql.errors import SourceError
from clipsql.sources.tables import Row, Table

_BATCH_ROWS = 1_024


@dataclass(frozen=True, slots=True)
class QueryTable(Table):
    """What a query gives, each time it is read; nothing can be changed by it."""

    query: str
    url: str = field(repr=False)

    unit = "row"

    @property
    def name(self) -> str:
        return "query"

    def names(self) -> tuple[str, ...]:
        with self._cursor() as cursor:
            names = tuple(column.name for column in cursor.description or ())
        if len(set(names)) < len(names):
            raise SourceError('The query has two columns of the same name; rename one of them by "as".')
        return names

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        with self._cursor() as cursor:
            yield from enumerate(cursor, start=1)

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.ServerCursor[dict[str, Any]]]:
        """The query's cursor on the server, so that only a batch of its rows is ever here."""
        address = self.url.replace("postgresql+psycopg://", "postgresql://", 1)
        try:
            conninfo_to_dict(address)
        except psycopg.ProgrammingError:  # whose message repeats the URL, password and all
            raise SourceError(
                "The URL of the query's database cannot be read; "
                "write it as postgresql://user:password@host:port/database."
            ) from None
        try:
            with (
                psycopg.connect(address) as connection,
                connection.cursor("clipsql_source", row_factory=dict_row) as cursor,
            ):
                connection.read_only = True
                cursor.itersize = _BATCH_ROWS
                cursor.execute(self.query.rstrip().rstrip(";").encode())
                yield cursor
        except psycopg.Error as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise SourceError(
                f"The query cannot be read ({reason}); it must be one select or values."
            ) from error
