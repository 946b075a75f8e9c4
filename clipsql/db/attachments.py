"""Tables that are there already and whose rows have pictures: attached, told of, detached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, OID, REGCLASS
from sqlalchemy.engine import Connection
from sqlalchemy.types import Boolean, Text, TypeEngine

from clipsql.db.calls.arguments import Filters, refuse_unknown, sql_call, sql_value
from clipsql.db.transactions import Database, reading, writing
from clipsql.errors import InvalidArgument


class AttachOptions(TypedDict, total=False):
    """What `attach` takes beside the table and its url_column, as clipsql.attach does in SQL."""

    caption_columns: Sequence[str] | None
    metadata_columns: Sequence[str] | None
    taken_at_column: str | None
    longitude_column: str | None
    latitude_column: str | None
    collection: str | None
    url_prefix: str | None
    may_read_files: bool
    model: str | None


@dataclass(frozen=True, kw_only=True)
class AttachmentStatus:
    """One row of clipsql.attachment_status: an attached table and its rows by the state of their pictures."""

    source: int
    source_name: str
    url_column: str
    collection: str
    model: str | None
    link: str
    rows: int | None
    embedded: int | None
    pending: int | None
    failed: int | None
    missing: int | None
    oldest_pending: dt.datetime | None
    last_error: str | None
    state: str


def attach(database: Database, source: str, url_column: str, **options: Unpack[AttachOptions]) -> str:
    """Attach a table; returns the name of the table that links its rows with pictures. Raises InvalidArgument."""
    return _attached("attach", database, source, url_column, options)


def reattach(database: Database, source: str, url_column: str, **options: Unpack[AttachOptions]) -> str:
    """Attach an attached table by other columns, or the same; returns the name of its link table."""
    return _attached("reattach", database, source, url_column, options)


def _attached(function: str, database: Database, source: str, url_column: str, options: AttachOptions) -> str:
    refuse_unknown(options, AttachOptions)
    given: dict[str, Any] = {**options}
    types: dict[str, TypeEngine[Any]] = {
        "caption_columns": ARRAY(Text),
        "metadata_columns": ARRAY(Text),
        "may_read_files": Boolean(),
    }
    arguments = {
        name: sql_value(list(value) if name.endswith("_columns") else value, types.get(name, Text()))
        for name, value in given.items()
        if value is not None
    }
    with writing(database) as connection:
        call = sql_call(
            function,
            sa.cast(sa.literal(_known(connection, source), OID), REGCLASS),
            {},
            Filters,
            url_column=sql_value(url_column, Text()),
            **arguments,
        )
        return str(connection.execute(sa.select(call)).scalar_one())


def detach(
    database: Database, source: str, *, keep_pictures: bool = False, url_column: str | None = None
) -> int:
    """Detach a table, or one url_column of it; returns how many pictures it removed. Raises InvalidArgument.

    One that was dropped is known by the name that it had.
    """
    with writing(database) as connection:
        call = sql_call(
            "detach",
            sa.cast(sa.literal(_known(connection, source), OID), REGCLASS),
            {},
            Filters,
            keep_pictures=sql_value(keep_pictures, Boolean()),
            url_column=sql_value(url_column, Text()),
        )
        return int(connection.execute(sa.select(call)).scalar_one())


def attachments(database: Database, source: str | None = None) -> list[AttachmentStatus]:
    """Rows of clipsql.attachment_status by name, of one table or of all; each counts the rows of its table."""
    view = sa.text(
        "select * from clipsql.attachment_status where source = :source or cast(:source as oid) is null"
        " order by source_name, url_column"
    )
    with reading(database) as connection:
        number = None if source is None else _known(connection, source)
        return [AttachmentStatus(**row) for row in connection.execute(view, {"source": number}).mappings()]


def _known(connection: Connection, source: str) -> int:
    """The number of a table, by its name now, or, once it is dropped, when it was attached."""
    number: int | None = connection.execute(
        sa.text(
            "select coalesce(cast(to_regclass(:source) as oid),"
            " (select min(cast(a.source as oid)) from clipsql_private.attachment as a where a.source_name = :source))"
        ),
        {"source": source},
    ).scalar_one()
    if number is None:
        raise InvalidArgument(f"There is no table {source}; name one as schema.table.")
    return number
