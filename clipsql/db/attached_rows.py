"""Bring the pictures of attached tables up to date, a few rows in each call: what workers do beside their queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from clipsql.db.statements import Driver
from clipsql.errors import FailureClass

_NOT_AGAIN_FOR = "10 minutes"
"""How often all rows of a table are looked at for what no trigger saw."""


def attached_tables(connection: Driver, *, collection: str | None) -> list[int]:
    """Numbers of the attachments whose pictures go to a collection, or to any.

    None where tenants are kept apart for a worker that is one: it sees some links only, and would take the others'
    rows for new.
    """
    rows = connection.execute(
        """
        select a.attachment_id from clipsql_private.attachment as a
        where (%(collection)s::text is null or a.collection = %(collection)s)
            and not row_security_active('clipsql_private.link')
        order by a.attachment_id
        """,
        {"collection": collection},
    )
    return [number for (number,) in rows]


def are_noted(connection: Driver, attachment: int) -> bool:
    """Whether writers noted rows that nobody has brought up to date yet."""
    row = connection.execute(
        "select to_regclass(%s) is not null", (f"clipsql_private.changed_row_{attachment}",)
    ).fetchone()
    if row != (True,):
        return False  # detached a moment ago
    notes = sql.Identifier("clipsql_private", f"changed_row_{attachment}")
    row = connection.execute(sql.SQL("select exists (select from {})").format(notes)).fetchone()
    return row == (True,)


def apply(connection: Driver, attachment: int, *, most_rows: int) -> int | None:
    """Bring noted rows up to date; returns how many notes were taken, None while another worker takes them."""
    row = connection.execute(
        "select clipsql_private.apply_changed_rows(%s, %s)", (attachment, most_rows)
    ).fetchone()
    assert row is not None
    taken: int | None = row[0]
    return taken


def find(
    connection: Driver, attachment: int, *, in_links: bool, after: Sequence[str] | None, most_rows: int
) -> tuple[list[str] | None, int]:
    """Note rows of a stretch of keys, of the table or of its links, that are not up to date.

    Returns the last key, None after the end, and how many were noted.
    """
    row = connection.execute(
        "select f.reached, coalesce(f.found_rows, 0)"
        " from clipsql_private.find_changed_rows(%s, %s, %s::text[], %s) as f",
        (attachment, in_links, None if after is None else list(after), most_rows),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """When a pass over all rows was begun, and `version`, which is another once somebody asked for one again."""

    begun: dt.datetime
    version: str


def due_pass(connection: Driver, attachment: int, *, since: dt.datetime) -> Asked | None:
    """What is to be known of a pass when all rows are to be looked at; None while that is not due.

    It is once after `since`, then now and then, and when a trigger had a problem.
    """
    row = connection.execute(
        """
        select now(), a.xmin::text
        from clipsql_private.attachment as a
        where a.attachment_id = %s and (
            a.reconciled_at is null or a.reconciled_at < greatest(%s, now() - %s::interval)
            or a.reconciled_at < now() - interval '30 seconds' and exists (
                select from clipsql_private.attachment_problem as p where p.attachment_id = a.attachment_id))
        """,
        (attachment, since, _NOT_AGAIN_FOR),
    ).fetchone()
    return None if row is None else Asked(begun=row[0], version=row[1])


def end_pass(connection: Driver, attachment: int, asked: Asked) -> None:
    """All rows were looked at since it was begun; problems of before are mended with that.

    Whoever truncated the table or attached it by other columns meanwhile asked for another pass, which is still due.
    """
    with connection.transaction():
        connection.execute(
            "delete from clipsql_private.attachment_problem where attachment_id = %s and noted_at < %s",
            (attachment, asked.begun),
        )
        connection.execute(
            "update clipsql_private.attachment set reconciled_at = %s where attachment_id = %s and xmin::text = %s",
            (asked.begun, attachment, asked.version),
        )


def retry_failed(connection: Driver, *, most_rows: int) -> int:
    """Let pictures wait again that failed for a reason that may pass, when it is time; returns how many."""
    passing = [failure.value for failure in FailureClass if failure.is_passing]
    row = connection.execute(
        "select clipsql_private.retry_failed_rows(%s, %s)", (passing, most_rows)
    ).fetchone()
    return (row and row[0]) or 0


def note_problem(connection: Driver, attachment: int, problem: str) -> None:
    """Keep what went wrong for the status."""
    connection.execute("select clipsql_private.note_problem(%s, %s)", (attachment, problem))


def now(connection: Driver) -> dt.datetime:
    """The time by the clock of the database."""
    row = connection.execute("select now()").fetchone()
    assert row is not None
    time: dt.datetime = row[0]
    return time
