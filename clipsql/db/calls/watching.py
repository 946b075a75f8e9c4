"""Typed callers of the SQL functions that watch: watches made, changed and removed, back-tests, verdicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, Double, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import Filters, sql_call, sql_value, sql_vector


class WatchOptions(Filters, total=False):
    """When a watch raises an alarm: one of `alarms_per_day`, `min_percentile`, of 100, and `min_similarity`.

    `once_per` folds the alarms of a period into one, of each value of `once_per_key` in the metadata where that is
    given.
    """

    alarms_per_day: float | None
    min_percentile: float | None
    min_similarity: float | None
    once_per: dt.timedelta | None
    once_per_key: str | None


def watch(
    name: str,
    query: str | None = None,
    *,
    image: int | None = None,
    images: Sequence[int] | None = None,
    query_vector: Sequence[float] | ColumnElement[Any] | None = None,
    **options: Unpack[WatchOptions],
) -> ColumnElement[int]:
    """clipsql.watch: makes or changes a watch when it is executed, and gives its watch_id."""
    subject: dict[str, ColumnElement[Any]] = {}
    if query is not None:
        subject["query"] = sql_value(query, Text())
    if image is not None:
        subject["image"] = sql_value(image, BigInteger())
    if images is not None:
        subject["images"] = sql_value(list(images), ARRAY(BigInteger))
    if query_vector is not None:
        subject["query_vector"] = sql_vector(query_vector)
    call: ColumnElement[int] = sql_call("watch", sql_value(name, Text()), options, WatchOptions, **subject)
    return call


def about_watch(function: str, name: str) -> ColumnElement[None]:
    """clipsql.unwatch, pause_watch or resume_watch."""
    call: ColumnElement[None] = sql_call(function, sql_value(name, Text()), {})
    return call


def move_watches(*, model: str) -> ColumnElement[int]:
    """clipsql.move_watches: has watches compare the embeddings of a model; gives how many moved."""
    return sa.func.clipsql.move_watches(sql_value(model, Text()), type_=sa.types.Integer())


def judge_alert(alert: int, is_right: bool | None) -> ColumnElement[None]:
    """clipsql.judge_alert: says whether an alarm was right; None takes that back."""
    arguments = sql_value(alert, BigInteger()), sql_value(is_right, Boolean())
    return sa.func.clipsql.judge_alert(*arguments, type_=sa.types.NullType())


def backtest(
    name: str, taken_from: dt.datetime | None = None, taken_until: dt.datetime | None = None
) -> TableValuedAlias:
    """Rows of clipsql.backtest: what a watch would have raised, day by day."""
    moment = TIMESTAMP(timezone=True)
    days: TableValuedAlias = sa.func.clipsql.backtest(
        sql_value(name, Text()), sql_value(taken_from, moment), sql_value(taken_until, moment)
    ).table_valued(
        sa.column("day", Date),
        sa.column("alarms", BigInteger),
        sa.column("alarms_low", Double),
        sa.column("alarms_high", Double),
        sa.column("best_image_id", BigInteger),
        name="days",
    )
    return days
