"""Pictures that wait for a model's answer: queued, leased to those who work, settled with what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from clipsql.db.model_questions import Answer, Original, Query
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease
from clipsql.db.statements import Driver
from clipsql.db.transactions import Database, writing


def queue_pictures(
    database: Database,
    query: Query,
    image_ids: Sequence[int],
    *,
    limit: int | None = None,
    retry_failed: bool = False,
) -> None:
    """Let those of the pictures wait that have no answer yet, `limit` of them at most; failed ones if asked for."""
    with writing(database) as connection:
        connection.execute(
            sa.text(
                """
                insert into clipsql_private.model_task (query_id, image_id)
                select :query_id, u.image_id
                from unnest(cast(:image_ids as bigint[])) with ordinality as u(image_id, place)
                where not exists (
                        select from clipsql.model_answer as a
                        where a.query_id = :query_id and a.image_id = u.image_id)
                    and not exists (
                        select from clipsql_private.model_task as t
                        where t.query_id = :query_id and t.image_id = u.image_id)
                order by u.place
                limit cast(:limit as bigint)
                on conflict do nothing
                """
            ),
            {"query_id": query.query_id, "image_ids": list(image_ids), "limit": limit},
        )
        if retry_failed:
            connection.execute(
                sa.text(
                    """
                    update clipsql_private.model_task as t
                    set error = null
                    where t.query_id = :query_id and t.error is not null and t.image_id = any (:image_ids)
                    """
                ),
                {"query_id": query.query_id, "image_ids": list(image_ids)},
            )


def claim(connection: Driver, query: Query, lease: Lease, *, limit: int) -> list[Original]:
    """Lease waiting pictures that nobody holds, or whose holder let its lease run out."""
    rows = connection.execute(
        """
        with free as (
            select t.image_id
            from clipsql_private.model_task as t
            where t.query_id = %(query_id)s and t.error is null and coalesce(t.leased_until < now(), true)
            order by t.image_id
            limit %(limit)s
            for no key update skip locked
        ), leased as (
            update clipsql_private.model_task as t
            set leased_by = %(worker)s, leased_until = now() + make_interval(secs => %(seconds)s)
            from free as f
            where t.query_id = %(query_id)s and t.image_id = f.image_id
            returning t.image_id
        )
        select i.image_id, i.url, i.file, i.sha256
        from leased as l
        join clipsql.image as i on i.image_id = l.image_id
        order by i.image_id
        """,
        {"query_id": query.query_id, "limit": limit, "worker": lease.worker, "seconds": lease.seconds},
    )
    return [
        Original(image_id, url, None if file is None else Path(file), sha256)
        for image_id, url, file, sha256 in rows
    ]


def settle(
    connection: Driver,
    query: Query,
    lease: Lease,
    answers: Mapping[int, Answer],
    problems: Mapping[int, str],
) -> int:
    """Write what came of leased pictures, in one transaction; of those that another holds by now, nothing.

    Returns the number of answers written. A description becomes a caption, whose picture waits for its vector.
    """
    with connection.transaction():
        held = connection.execute(
            """
            delete from clipsql_private.model_task as t
            where t.query_id = %s and t.image_id = any (%s) and t.leased_by = %s
            returning t.image_id
            """,
            (query.query_id, list(answers), lease.worker),
        ).fetchall()
        written = [(image_id, answers[image_id]) for (image_id,) in held]
        connection.execute(
            """
            insert into clipsql.model_answer (query_id, image_id, answer, score)
            select %s, u.* from unnest(%s::bigint[], %s::text[], %s::double precision[]) as u
            on conflict (query_id, image_id) do nothing
            """,
            (
                query.query_id,
                [image_id for image_id, _ in written],
                [answer.text for _, answer in written],
                [answer.score for _, answer in written],
            ),
        )
        if query.kind == "describe":
            _write_captions(connection, query, written)
        connection.execute(
            """
            update clipsql_private.model_task as t
            set error = u.error, leased_by = null, leased_until = null
            from unnest(%s::bigint[], %s::text[]) as u(image_id, error)
            where t.query_id = %s and t.image_id = u.image_id and t.leased_by = %s
            """,
            (list(problems), list(problems.values()), query.query_id, lease.worker),
        )
    return len(written)


def _write_captions(connection: Driver, query: Query, written: Sequence[tuple[int, Answer]]) -> None:
    rows = connection.execute(
        """
        insert into clipsql.caption (image_id, body, language, source)
        select u.image_id, u.body, %s, %s from unnest(%s::bigint[], %s::text[]) as u(image_id, body)
        returning image_id
        """,
        (
            query.body,
            query.source,
            [image_id for image_id, _ in written],
            [answer.text for _, answer in written],
        ),
    ).fetchall()
    by_collection: dict[str, list[int]] = {}
    for collection, image_id in connection.execute(
        "select i.collection, i.image_id from clipsql.image as i where i.image_id = any (%s)",
        ([image_id for (image_id,) in rows],),
    ):
        by_collection.setdefault(collection, []).append(image_id)
    for collection, image_ids in by_collection.items():
        pictures = [(image_id, True, None) for image_id in image_ids]
        queue.enqueue(connection, pictures, collection=collection, model=None)


def give_back(connection: Driver, query: Query, lease: Lease) -> None:
    """Let others have what this worker holds."""
    connection.execute(
        """
        update clipsql_private.model_task as t
        set leased_by = null, leased_until = null
        where t.query_id = %s and t.leased_by = %s
        """,
        (query.query_id, lease.worker),
    )
