"""The typed Python caller of the SQL function that searches for moments of videos."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Unpack

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import BigInteger, Double, Integer, Text

from clipsql.db.calls.arguments import SearchOptions, sql_call, sql_value


class MomentOptions(SearchOptions, total=False):
    """Arguments of a search for moments: frames no further apart than `max_gap` are one moment.

    `query_vector` takes the place of the query's own embedding.
    """

    max_gap: dt.timedelta
    query_vector: Sequence[float] | None


def search_moments(query: str | ColumnElement[str], **options: Unpack[MomentOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_moments: the moments of videos that a text describes."""
    moments: TableValuedAlias = sql_call(
        "search_moments", sql_value(query, Text()), options, MomentOptions
    ).table_valued(
        sa.column("rank", Integer),
        sa.column("url", Text),
        sa.column("from_s", Double),
        sa.column("until_s", Double),
        sa.column("best_image_id", BigInteger),
        sa.column("similarity", Double),
        name="moments",
    )
    return moments
