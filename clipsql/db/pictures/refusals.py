"""Find the rows of a batch that PostgreSQL refuses, so that they keep no other out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg

from clipsql.db.engine import database_message

_Row = TypeVar("_Row")

_OF_ONE_ROW = ("22", "23", "54")
"""SQLSTATEs, by their beginning, of what a value does: out of range, against a constraint, too large to be stored."""
_OF_ALL_ROWS = "23503"
"""A foreign key: what the rows hang on is gone, such as the model."""


def write_but_refused(
    rows: Sequence[_Row], write: Callable[[Sequence[_Row]], object]
) -> list[tuple[_Row, str]]:
    """Write rows by as few calls as can be; returns each row that PostgreSQL refuses with what it said of it.

    `write` writes all that it is given or nothing. Only after a refusal is it called again, with halves. Raises
    what is no row's fault: a lost connection, a full disk, a missing table.
    """
    try:
        write(rows)
    except (psycopg.Error, UnicodeError, OverflowError, RecursionError) as error:
        if not _is_of_one_row(error):
            raise
        if len(rows) == 1:
            return [(rows[0], database_message(error))]
    else:
        return []
    middle = len(rows) // 2
    return [*write_but_refused(rows[:middle], write), *write_but_refused(rows[middle:], write)]


def _is_of_one_row(error: Exception) -> bool:
    if not isinstance(error, psycopg.Error):
        return True  # a value that has no form in PostgreSQL
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(_OF_ONE_ROW) and error.sqlstate != _OF_ALL_ROWS
