"""What models are asked about stored pictures: queries, the pictures that wait for an answer, and the answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls.arguments import Filters, sql_filter
from clipsql.db.collections import require_collection
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease
from clipsql.db.statements import Driver
from clipsql.db.tables.pictures import Image
from clipsql.db.tables.viewing import ModelAnswer
from clipsql.db.transactions import Database, reading, writing
from clipsql.errors import InvalidArgument

LONGEST_QUERY = 2000
"""Bytes of a text or question that is stored."""

Kind = Literal["match", "describe", "answer"]


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a model, a state of its files, is asked about pictures; `language` is that of descriptions."""

    kind: Kind
    body: str
    model: str
    revision: str
    query_id: int

    @property
    def source(self) -> str:
        """What captions that the model wrote have as their source."""
        return f"model:{self.model}"


@dataclass(frozen=True)
class Original:
    """Where the content of a stored picture may be had, and the SHA-256 that it had when it was embedded."""

    image_id: int
    url: str
    file: Path | None
    sha256: bytes | None


@dataclass(frozen=True)
class Answer:
    """What a model said of a picture: in words, or how likely, or both."""

    text: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class Standing:
    """How far a query has come, of the pictures it is about."""

    answered: int
    failed: int
    waiting: int


def ask_model(database: Database, *, kind: Kind, body: str, model: str, revision: str) -> Query:
    """The query, stored once whoever asks it. Raises InvalidArgument for an empty or too long one."""
    if not body.strip() or len(body.encode()) > LONGEST_QUERY:
        raise InvalidArgument(
            f"A text or question has 1 to {LONGEST_QUERY} bytes, not {len(body.encode())}; give another."
        )
    given = {"kind": kind, "query": body, "model": model, "revision": revision}
    with writing(database) as connection:
        connection.execute(
            sa.text(
                """
                insert into clipsql.model_query (kind, query, model, revision)
                select :kind, :query, :model, :revision
                where not exists (
                    select from clipsql.model_query as q
                    where (q.kind, q.query, q.model, q.revision) = (:kind, :query, :model, :revision))
                on conflict do nothing
                """
            ),
            given,
        )
        query_id = connection.execute(
            sa.text(
                """
                select q.query_id from clipsql.model_query as q
                where (q.kind, q.query, q.model, q.revision) = (:kind, :query, :model, :revision)
                """
            ),
            given,
        ).scalar_one()
    return Query(kind=kind, body=body, model=model, revision=revision, query_id=query_id)


def filtered_images(database: Database, options: Filters, *, timezone: str | None = None) -> list[int]:
    """Pictures with a content that pass the filters, by image_id. Raises UnknownCollection."""
    with reading(database) as connection:
        if timezone is not None:
            connection.execute(sa.select(sa.func.set_config("timezone", timezone, True)))
        found = sa.func.clipsql_private.filtered_images(sql_filter(options)).column_valued("image_id")
        image_ids = list(connection.scalars(sa.select(found)))
        if not image_ids and options.get("in_collection"):
            require_collection(connection, str(options["in_collection"]))
    return image_ids


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


def standing(database: Database, query: Query, image_ids: Collection[int]) -> Standing:
    """How far these pictures have come."""
    with reading(database) as connection:
        row = connection.execute(
            sa.text(
                """
                select
                    (select count(*) from clipsql.model_answer as a
                     where a.query_id = :query_id and a.image_id = any (:image_ids)),
                    count(*) filter (where t.error is not null),
                    count(*) filter (where t.error is null)
                from clipsql_private.model_task as t
                where t.query_id = :query_id and t.image_id = any (:image_ids)
                """
            ),
            {"query_id": query.query_id, "image_ids": list(image_ids)},
        ).one()
    return Standing(*row)


def answers(database: Database, query: Query, image_ids: Sequence[int]) -> dict[int, Answer]:
    """The answers for these pictures, as far as there are any, by image_id."""
    statement = sa.select(ModelAnswer.image_id, ModelAnswer.answer, ModelAnswer.score).where(
        ModelAnswer.query_id == query.query_id, _among(image_ids)
    )
    with reading(database) as connection:
        return {row.image_id: Answer(row.answer, row.score) for row in connection.execute(statement)}


def drop_unanswered(database: Database, models: Sequence[str]) -> None:
    """Forget the queries of these models about which no picture is left, nor waits."""
    with writing(database) as connection:
        connection.execute(
            sa.text(
                """
                delete from clipsql.model_query as q
                where q.model = any (:models)
                    and not exists (select from clipsql.model_answer as a where a.query_id = q.query_id)
                    and not exists (select from clipsql_private.model_task as t where t.query_id = q.query_id)
                """
            ),
            {"models": list(models)},
        )


def _among(image_ids: Sequence[int]) -> ColumnElement[bool]:
    return ModelAnswer.image_id == sa.any_(sa.cast(list(image_ids), sa.ARRAY(sa.BigInteger)))


def originals(database: Database, image_ids: Sequence[int]) -> list[Original]:
    """Where pictures may be had, by image_id."""
    statement = sa.select(Image.image_id, Image.url, Image.file, Image.sha256).where(
        Image.image_id.in_(image_ids)
    )
    with reading(database) as connection:
        return [
            Original(row.image_id, row.url, None if row.file is None else Path(row.file), row.sha256)
            for row in connection.execute(statement)
        ]
