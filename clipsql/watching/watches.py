"""Watches and their alarms, as they are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from clipsql.db.tables.pictures import Image, ImageEmbedding, Model
from clipsql.db.tables.watches import Alert, Watch, WatchVector
from clipsql.db.transactions import Database, reading
from clipsql.errors import UnknownWatch


@dataclass(frozen=True, kw_only=True)
class WatchRow:
    """One watch and what became of it; `model` is None when that was removed, so that it raises nothing.

    A day to come has between `alarms_low` and `alarms_high` alarms in 95 of 100 cases, where a rate was asked for. The
    `precision` is that of `judged` alarms, and lies between `precision_low` and `precision_high` as often.
    """

    watch_id: int
    name: str
    owner: str
    model: str | None
    query: str | None
    images: Sequence[int] | None
    filters: Mapping[str, Any]
    timezone: str
    alarms_per_day: float | None
    min_percentile: float | None
    min_similarity: float
    alarms_low: float | None
    alarms_high: float | None
    once_per: dt.timedelta | None
    once_per_key: str | None
    is_paused: bool
    problem: str | None
    alerts: int
    repeats: int
    last_raised_at: dt.datetime | None
    judged: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    proposed_min_similarity: float | None


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """One alarm with its picture; `repeats` pictures of the same period raised none of their own."""

    alert_id: int
    watch_id: int
    watch: str
    image_id: int
    similarity: float
    percentile: float | None
    raised_at: dt.datetime
    repeats: int
    verdict: bool | None
    url: str
    taken_at: dt.datetime | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class BacktestDay:
    """What a watch would have raised on a day; a day to come has so many alarms in 95 of 100 cases."""

    day: dt.date
    alarms: int
    alarms_low: float
    alarms_high: float
    best_image_id: int | None


def list_watches(database: Database) -> list[WatchRow]:
    """All watches that are seen, by name."""
    stats = sa.table(
        "watch_stats",
        *map(
            sa.column,
            ("watch_id", "alerts", "repeats", "last_raised_at", "judged", "precision", "precision_low",
             "precision_high", "proposed_min_similarity"),
        ),
        schema="clipsql",
    )  # fmt: skip
    own = [column for column in Watch.__table__.columns if column.name not in ("model_id", "created_at")]
    statement = (
        sa.select(
            *own, Model.name.label("model"), *(column for column in stats.c if column.name != "watch_id")
        )
        .select_from(Watch)
        .join(stats, stats.c.watch_id == Watch.watch_id)
        .outerjoin(Model, Model.model_id == Watch.model_id)
        .order_by(Watch.name)
    )
    with reading(database) as connection:
        return [WatchRow(**row) for row in connection.execute(statement).mappings()]


def list_alerts(
    database: Database, name: str | None = None, *, after: int | None = None, max_results: int | None = 100
) -> list[AlertRow]:
    """The newest alarms that are seen, of one watch or of all, latest first; the oldest first of those `after` one.

    Raises UnknownWatch.
    """
    order = Alert.alert_id.desc() if after is None else Alert.alert_id
    statement = _alert_rows().order_by(order).limit(max_results)
    if name is not None:
        statement = statement.where(Watch.name == name)
    if after is not None:
        statement = statement.where(Alert.alert_id > after)
    with reading(database) as connection:
        if name is not None:
            require_watch(connection, name)
        return [AlertRow(**row) for row in connection.execute(statement).mappings()]


def alerts_by_id(database: Database, alert_ids: Sequence[int]) -> dict[int, AlertRow]:
    """Those of the alarms that are there and seen, by their numbers."""
    with reading(database) as connection:
        rows = connection.execute(_alert_rows().where(Alert.alert_id.in_(alert_ids))).mappings()
        return {row["alert_id"]: AlertRow(**row) for row in rows}


def similarities_to(database: Database, watch_id: int, image_ids: Sequence[int]) -> dict[int, float]:
    """How similar stored pictures are to what a watch looks for, by image_id."""
    similarity = sa.func.max(1 - WatchVector.embedding.cosine_distance(ImageEmbedding.embedding))
    statement = (
        sa.select(ImageEmbedding.image_id, similarity)
        .join(WatchVector, WatchVector.model_id == ImageEmbedding.model_id)
        .where(WatchVector.watch_id == watch_id, ImageEmbedding.image_id.in_(image_ids))
        .group_by(ImageEmbedding.image_id)
    )
    with reading(database) as connection:
        return {image_id: float(similar) for image_id, similar in connection.execute(statement)}


def newest_alert(database: Database) -> int:
    """Number of the newest alarm that is seen; 0 before the first."""
    with reading(database) as connection:
        return connection.scalar(sa.select(sa.func.max(Alert.alert_id))) or 0


def require_watch(connection: sa.Connection, name: str) -> None:
    """Raise UnknownWatch unless there is a watch of that name."""
    if not connection.scalar(sa.select(sa.exists().where(Watch.name == name))):
        raise UnknownWatch(f'There is no watch "{name}"; "clipsql watch list" shows what there is.')


def _alert_rows() -> sa.Select[Any]:
    """Alarms with their watches and pictures, as the fields of AlertRow."""
    return (
        sa.select(
            *(column for column in Alert.__table__.columns if column.name != "occasion"),
            Watch.name.label("watch"),
            Image.url,
            Image.taken_at,
            Image.metadata_.label("metadata"),
        )
        .select_from(Alert)
        .join(Watch, Watch.watch_id == Alert.watch_id)
        .join(Image, Image.image_id == Alert.image_id)
    )
