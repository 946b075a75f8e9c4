"""The rows of clipsql.image as a queue: pending ones are leased, settled or given back, by any number of workers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import PictureWrite, StoredImage
from clipsql.db.pictures.staging import Driver, stage_facts, write_content
from clipsql.db.pictures.writing import pictures_by_id


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which pending pictures a worker takes: those that wait for `model` or for any, of a collection or of all.

    `only_unchecked` leaves out those whose content was looked at already.
    """

    model: ModelRow | None
    collection: str | None = None
    only_unchecked: bool = False

    @property
    def condition(self) -> sql.Composed:
        """SQL on `clipsql.image as i`."""
        parts: list[sql.Composable] = [sql.SQL("i.status = 'pending'")]
        if self.model is not None:
            parts.append(sql.SQL("coalesce(i.pending_model_id = {}, true)").format(self.model.model_id))
        if self.collection is not None:
            parts.append(sql.SQL("i.collection = {}").format(self.collection))
        if self.only_unchecked:
            parts.append(sql.SQL("i.checked_at is null"))
        return sql.SQL(" and ").join(parts)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who holds pictures, and for how long unless it is renewed."""

    worker: str
    seconds: float


_IS_FREE = sql.SQL("coalesce(i.leased_until < now(), true)")
_LOST_WORKERS = sql.SQL("(i.lost_workers + (i.leased_until is not null)::integer)")
"""Of a free picture: how many workers died with it in hand."""

_SUSPECTED = 2
_FATAL = 6


def claim(connection: Driver, scope: Scope, lease: Lease, *, limit: int) -> list[StoredImage]:
    """Lease pending pictures that nobody holds, or whose holder let its lease run out; oldest first.

    Those that several workers died with are left to `claim_suspects`.
    """
    fitting = sql.SQL("{} < {}").format(_LOST_WORKERS, _SUSPECTED)
    return _claim(connection, scope, lease, fitting, limit=limit)


def claim_suspects(connection: Driver, scope: Scope, lease: Lease) -> tuple[list[StoredImage], bool]:
    """Lease a few of the pictures that most workers died with, and say whether these are to be given up.

    For a worker that holds nothing else, so that the others do not come under suspicion too. The more workers died,
    the fewer pictures the next one takes, in the end one alone: when that kills it again, it is the one.
    """
    row = connection.execute(
        sql.SQL("select max({}) from clipsql.image as i where {} and {}").format(
            _LOST_WORKERS, scope.condition, _IS_FREE
        )
    ).fetchone()
    lost = (row and row[0]) or 0
    if lost < _SUSPECTED:
        return [], False
    fitting = sql.SQL("{} = {}").format(_LOST_WORKERS, lost)
    return _claim(connection, scope, lease, fitting, limit={2: 16, 3: 4}.get(lost, 1)), lost >= _FATAL


def _claim(
    connection: Driver, scope: Scope, lease: Lease, fitting: sql.Composable, *, limit: int
) -> list[StoredImage]:
    rows = connection.execute(
        sql.SQL(
            """
            with free as materialized (
                select i.image_id
                from clipsql.image as i
                where {condition} and {is_free} and {fitting}
                order by i.collection, i.image_id
                limit %(limit)s
                for no key update skip locked
            )
            update clipsql.image as i
            set leased_by = %(worker)s, leased_until = now() + make_interval(secs => %(seconds)s),
                lost_workers = {lost_workers}
            from free
            where i.image_id = free.image_id
            returning i.image_id
            """
        ).format(condition=scope.condition, is_free=_IS_FREE, fitting=fitting, lost_workers=_LOST_WORKERS),
        {"limit": limit, **_parameters(lease)},
    ).fetchall()
    return pictures_by_id(connection, [image_id for (image_id,) in rows], model=scope.model) if rows else []


def renew(connection: Driver, image_ids: Collection[int], lease: Lease) -> None:
    """Hold these pictures longer, as far as they are still this worker's."""
    connection.execute(
        """
        update clipsql.image as i set leased_until = now() + make_interval(secs => %(seconds)s)
        where i.image_id = any (%(image_ids)s) and i.leased_by = %(worker)s
        """,
        {"image_ids": list(image_ids), **_parameters(lease)},
    )


def give_back(connection: Driver, image_ids: Collection[int], lease: Lease) -> None:
    """Let others have these pictures, as far as they are still this worker's."""
    connection.execute(
        """
        update clipsql.image as i set leased_by = null, leased_until = null
        where i.image_id = any (%(image_ids)s) and i.leased_by = %(worker)s
        """,
        {"image_ids": list(image_ids), **_parameters(lease)},
    )


def give_back_all(connection: Driver, lease: Lease) -> None:
    """Let others have whatever this worker still holds."""
    connection.execute(
        """
        update clipsql.image as i set leased_by = null, leased_until = null
        where i.status = 'pending' and i.leased_by = %(worker)s
        """,
        {"worker": lease.worker},
    )


def is_empty(connection: Driver, scope: Scope) -> bool:
    """Whether no picture waits, those that other workers hold included: a worker may die."""
    row = connection.execute(
        sql.SQL("select not exists (select from clipsql.image as i where {})").format(scope.condition)
    ).fetchone()
    return row == (True,)


def settle(
    connection: Driver, writes: Sequence[PictureWrite], lease: Lease, *, model: ModelRow | None
) -> set[int]:
    """Write what became of leased pictures, in one transaction; returns the image_ids that were still this worker's.

    The others are left alone: their lease ran out and another worker has them, or somebody deleted them. What an
    ingest changed in a row meanwhile (metadata, time, place) stays.
    """
    if not writes:
        return set()
    with connection.transaction():
        stage_facts(connection, writes)
        rows = connection.execute(
            """
            update clipsql.image as i
            set file = s.file,
                sha256 = s.sha256, width = s.width, height = s.height, format = s.format,
                perceptual_hash = s.perceptual_hash,
                taken_at = coalesce(i.taken_at, s.taken_at),
                longitude = case when i.longitude is null then s.longitude else i.longitude end,
                latitude = case when i.longitude is null then s.latitude else i.latitude end,
                status = s.status, error = s.error, failure = s.failure,
                pending_model_id = case when s.status = 'pending' then i.pending_model_id end,
                attempts = i.attempts + 1, checked_at = now(),
                leased_by = null, leased_until = null, lost_workers = 0
            from staged_image as s
            where i.image_id = s.image_id and i.leased_by = %s
            returning i.image_id
            """,
            (lease.worker,),
        ).fetchall()
        ours = {image_id for (image_id,) in rows}
        placed = [
            (write.image_id, write)
            for write in writes
            if write.image_id is not None and write.image_id in ours
        ]
        write_content(connection, placed, model)
    return ours


def _parameters(lease: Lease) -> dict[str, Any]:
    return {"worker": lease.worker, "seconds": lease.seconds}
