"""Bring types, views and functions that were lost or changed back to what their files say."""

from __future__ import annotations

import psycopg
from sqlalchemy.engine import Connection

from clipsql import assets
from clipsql.db.schema.comparing import Difference, object_differences
from clipsql.db.schema.operations import replacement
from clipsql.db.statements import driver_connection


def restore_from_files(connection: Connection) -> None:
    """Run the file of each object that differs from it, and keep what depends on the object.

    In rounds, as one may need another that is missing, too. Raises psycopg.Error for what cannot be mended so.
    """
    driver = driver_connection(connection)
    before: list[Difference] = []
    while (found := [one for one in object_differences(connection) if one.file]) != before:
        before, failure = found, None
        for statement in dict.fromkeys(map(_mending, found)):
            try:
                with driver.transaction():
                    driver.execute(statement.encode())
            except psycopg.Error as error:
                failure = error
    if found and failure is not None:
        raise failure


def _mending(difference: Difference) -> str:
    assert difference.file is not None
    folder, name = difference.file
    file = assets.newest_sql_files(folder)[name]
    # Only a function's arguments and result, and what a view or type is made of, need more than the file.
    if difference.fact is None or (folder == "functions" and difference.fact not in ("arguments", "result")):
        return file.read_text("utf-8")
    return replacement(folder, name, int(file.stem.rsplit("_v", 1)[1]))
