"""Which models pictures are kept under, what waits for them, and what was there before they were."""

from __future__ import annotations

from typing import Any

from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver


def newest_shadow(connection: Driver, model: ModelRow) -> Any:
    """What changes whenever a shadow of the model begins; None while there is none."""
    row = connection.execute(
        """
        select max(s.begun_at) from clipsql_private.shadow as s
        where s.model_id = %s and (s.kept_until is null or s.kept_until > now())
        """,
        (model.model_id,),
    ).fetchone()
    return None if row is None else row[0]


def queue_missing(
    connection: Driver, model: ModelRow, *, after: int, most_rows: int
) -> tuple[int, int | None]:
    """Let a stretch of pictures that a shadow lacks wait for it: how many, and the last; None when that was all."""
    row = connection.execute(
        "select m.queued, m.last from clipsql_private.queue_missing(%s, %s, %s) as m",
        (model.model_id, after, most_rows),
    ).fetchone()
    assert row is not None
    return int(row[0]), row[1]


def served_models(connection: Driver) -> list[str]:
    """Names of the default model and of those that pictures are kept under beside it, as far as they have files."""
    rows = connection.execute(
        """
        select m.name from clipsql.model as m
        where m.location is not null and (m.is_default or exists (
            select from clipsql_private.shadow as s
            where s.model_id = m.model_id and (s.kept_until is null or s.kept_until > now())))
        order by m.is_default desc, m.name
        """
    )
    return [name for (name,) in rows]


def awaited_models(connection: Driver, *, collection: str) -> list[str]:
    """Names of the models that pictures of a collection are kept under and that fresh ones wait for."""
    rows = connection.execute(
        """
        select m.name from clipsql.model as m
        where m.model_id in (select k.model_id from clipsql_private.kept_models(%(collection)s) as k(model_id))
            and exists (
                select from clipsql_private.queue as q
                where q.model_id = m.model_id and q.is_fresh and q.collection = %(collection)s)
        order by m.name
        """,
        {"collection": collection},
    )
    return [name for (name,) in rows]


def note_pace(connection: Driver) -> list[tuple[str, int, int, Any]]:
    """Note how fast what shadows wait for becomes less: (model, waiting, pictures, time left or None) of each."""
    connection.execute(
        """
        update clipsql_private.shadow as s
        set pace = case
                when s.noted_at > now() - interval '5 minutes' and s.noted_waiting > c.waiting
                then (s.noted_waiting - c.waiting) / extract(epoch from now() - s.noted_at) end,
            noted_at = now(), noted_waiting = c.waiting
        from clipsql.model_change as c
        join clipsql.model as m on m.name = c.model
        where s.model_id = m.model_id and s.collection is not distinct from c.collection
            and (s.noted_at is null or s.noted_at < now() - interval '5 seconds')
        """
    )
    return connection.execute(
        "select c.model, c.waiting, c.pictures, c.time_left from clipsql.model_change as c order by c.model"
    ).fetchall()
