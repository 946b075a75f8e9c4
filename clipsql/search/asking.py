"""Ask a database a question of `clipsql.db.calls` and take its rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import Filters
from clipsql.db.collections import require_collection
from clipsql.db.engine import database_errors


def ask(
    engine: Engine,
    found: TableValuedAlias,
    order: ColumnElement[Any],
    *,
    options: Filters | None = None,
    timezone: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of `found` in that order, under the time zone, with which the session's is not touched.

    Raises UnknownCollection when the options name one that does not exist, and what the SQL functions raise.
    """
    collection = (options or {}).get("in_collection")
    with database_errors(engine), engine.connect() as connection:
        if timezone is not None:
            connection.execute(sa.select(sa.func.set_config("timezone", timezone, True)))
        rows = [dict(row) for row in connection.execute(sa.select(found).order_by(order)).mappings()]
        if not rows and collection is not None and collection.strip():
            require_collection(connection, collection)
        return rows
