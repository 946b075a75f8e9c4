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
        facts: dict[tuple[str, str], set[str | None]] = {}
        for one in found:
            assert one.file is not None
            facts.setdefault(one.file, set()).add(one.fact)
        for (folder, name), differing in facts.items():
            statement = _mending(folder, name, differing)
            try:
                with driver.transaction():
                    driver.execute(statement.encode())
            except psycopg.Error as error:
                failure = error
    if found and failure is not None:
        raise failure


def _mending(folder: str, name: str, differing: set[str | None]) -> str:
    file = assets.newest_sql_files(folder)[name]
    is_missing = differing == {None}
    # A function's arguments and result, and what a view or type is made of, need more than the file.
    if is_missing or (folder == "functions" and differing.isdisjoint({"arguments", "result"})):
        return file.read_text("utf-8")
    return replacement(folder, name, int(file.stem.rsplit("_v", 1)[1]))
