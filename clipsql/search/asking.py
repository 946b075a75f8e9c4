"""Ask a database a question of `clipsql.db.calls` and take its rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import Filters
from clipsql.db.collections import require_collection
from clipsql.db.tables.pictures import Image
from clipsql.db.transactions import Database, reading


def ask(
    database: Database,
    found: TableValuedAlias,
    order: ColumnElement[Any],
    *further: ColumnElement[Any],
    options: Filters | None = None,
    timezone: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of `found` with `further` columns, in that order, under the time zone: the session's is not touched.

    Raises UnknownCollection when the options name one that does not exist, and what the SQL functions raise.
    """
    collection = (options or {}).get("in_collection")
    with reading(database) as connection:
        if timezone is not None:
            connection.execute(sa.select(sa.func.set_config("timezone", timezone, True)))
        statement = sa.select(found, *further).order_by(order)
        rows = [dict(row) for row in connection.execute(statement).mappings()]
        if not rows and collection is not None and collection.strip():
            require_collection(connection, collection)
        return rows


def file_column(found: TableValuedAlias) -> ColumnElement[str | None]:
    """The local file that each picture of `found` was read from."""
    return (
        sa.select(Image.file).where(Image.image_id == found.c.image_id).correlate(found).scalar_subquery()
    ).label("file")
