"""What models are asked about stored pictures, and what they answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls.arguments import Filters, sql_filter
from clipsql.db.collections import require_collection
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


def waiting_queries(
    database: Database, kind: Kind, *, model: str, revision: str
) -> list[tuple[Query, list[int]]]:
    """The queries of a model for which pictures wait that it has not failed at, with these, in the order of asking."""
    statement = sa.text(
        """
        select q.query, q.query_id, array_agg(t.image_id order by t.image_id)
        from clipsql.model_query as q
        join clipsql_private.model_task as t on t.query_id = q.query_id and t.error is null
        where (q.kind, q.model, q.revision) = (:kind, :model, :revision)
        group by q.query_id
        order by q.query_id
        """
    )
    with reading(database) as connection:
        rows = connection.execute(statement, {"kind": kind, "model": model, "revision": revision})
        return [
            (Query(kind=kind, body=body, model=model, revision=revision, query_id=query_id), image_ids)
            for body, query_id, image_ids in rows
        ]


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
