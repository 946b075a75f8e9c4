"""Look up and write pictures with their captions and embeddings, a batch in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.engine import Engine

from clipsql.db.models import EMBEDDING_TABLES, ModelRow, partition
from clipsql.db.statements import autocommit_connection

Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCaption:
    """One caption in the database."""

    caption_id: int
    body: str
    is_embedded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """The row of a picture in clipsql.image, as ingest wants it."""

    url: str
    file: str | None
    sha256: bytes | None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    taken_at: dt.datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredImage:
    """What the database holds of a picture, as far as ingest needs to know."""

    image_id: int
    facts: PictureFacts
    is_embedded: bool
    captions: tuple[StoredCaption, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureWrite:
    """Everything that one transaction shall do for one picture.

    `image_id` is set where the row of the picture already holds `facts` and is left alone. `embedding` None
    keeps what is stored; `facts.error` set means that the picture could not be read.
    `new_captions` are (body, language, embedding or None); `caption_embeddings` are of captions already stored.
    """

    facts: PictureFacts
    content_changed: bool
    image_id: int | None = None
    embedding: NDArray[np.float32] | None = None
    new_captions: Sequence[tuple[str, str, NDArray[np.float32] | None]] = ()
    caption_embeddings: Sequence[tuple[int, NDArray[np.float32]]] = ()
    removed_captions: Sequence[int] = ()


def stored_images(
    connection: Driver, *, collection: str, urls: Sequence[str], model: ModelRow
) -> dict[str, StoredImage]:
    """What is stored of these pictures, by URL; absent URLs are absent."""
    rows = connection.execute(
        sql.SQL(
            """
            select {names}, i.image_id,
                   exists (select from clipsql.image_embedding as e
                           where e.image_id = i.image_id and e.model_id = %(model_id)s),
                   (select coalesce(jsonb_agg(jsonb_build_array(c.caption_id, c.body, e.caption_id is not null)
                                              order by c.caption_id), '[]')
                    from clipsql.caption as c
                    left join clipsql.caption_embedding as e
                        on e.caption_id = c.caption_id and e.model_id = %(model_id)s
                    where c.image_id = i.image_id)
            from clipsql.image as i
            where i.collection = %(collection)s and i.url = any (%(urls)s)
            """
        ).format(names=_columns("i")),
        {"collection": collection, "urls": list(urls), "model_id": model.model_id},
    )
    return {
        row[0]: StoredImage(
            facts=PictureFacts(**dict(zip(_FACT_TYPES, row, strict=False))),
            image_id=row[-3],
            is_embedded=row[-2],
            captions=tuple(
                StoredCaption(caption_id=caption_id, body=body, is_embedded=is_embedded)
                for caption_id, body, is_embedded in row[-1]
            ),
        )
        for row in rows
    }


def first_positions(connection: Driver, sightings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Note (url, position) pairs as seen in this run; returns the first position of every URL seen before.

    The memory of a run is a temporary table, so that it stays flat in Python however long the source is.
    """
    connection.execute(
        "create temporary table if not exists seen (url_hash uuid primary key, position text not null)"
    )
    urls = [url for url, _ in sightings]
    rows = connection.execute(
        """
        with sighting as (
            select s.url, md5(s.url)::uuid as url_hash, s.position
            from unnest(%(urls)s::text[], %(positions)s::text[]) as s(url, position)
        ), added as (
            insert into seen select s.url_hash, s.position from sighting as s on conflict do nothing
            returning url_hash
        )
        select s.url, e.position
        from sighting as s
        join seen as e on e.url_hash = s.url_hash  -- the state before this statement
        """,
        {"urls": urls, "positions": [position for _, position in sightings]},
    )
    return dict(rows.fetchall())


def write_pictures(
    connection: Driver, writes: Sequence[PictureWrite], *, collection: str, model: ModelRow
) -> None:
    """Write a batch of pictures in one transaction: all of it or nothing."""
    if not writes:
        return
    with connection.transaction():
        image_ids = _upsert_images(connection, writes, collection=collection)
        stale = [image_ids[write.facts.url] for write in writes if write.content_changed]
        # Other content: what any model made of the old one is wrong now.
        connection.execute("delete from clipsql.image_embedding where image_id = any (%s)", (stale,))
        removed = [caption_id for write in writes for caption_id in write.removed_captions]
        connection.execute("delete from clipsql.caption where caption_id = any (%s)", (removed,))
        _copy_embeddings(
            connection,
            "image_embedding",
            model,
            (
                (image_ids[write.facts.url], write.embedding)
                for write in writes
                if write.embedding is not None
            ),
        )
        _copy_captions(connection, writes, image_ids, model)


_FACT_TYPES = {
    "url": "text",
    "file": "text",
    "sha256": "bytea",
    "width": "integer",
    "height": "integer",
    "format": "text",
    "taken_at": "timestamptz",
    "longitude": "float8",
    "latitude": "float8",
    "metadata": "jsonb",
    "error": "text",
}


def _columns(table: str | None = None) -> sql.Composed:
    """The columns of PictureFacts, comma-separated."""
    return sql.SQL(", ").join(
        sql.Identifier(name) if table is None else sql.Identifier(table, name) for name in _FACT_TYPES
    )


def _upsert_images(connection: Driver, writes: Sequence[PictureWrite], *, collection: str) -> dict[str, int]:
    """Insert or update the rows of clipsql.image that do not hold their facts yet; returns image_id by URL."""
    connection.execute(
        sql.SQL("create temporary table if not exists staged_image ({}) on commit delete rows").format(
            sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in _FACT_TYPES.items())
        )
    )
    with connection.cursor().copy(
        sql.SQL("copy staged_image ({}) from stdin (format binary)").format(_columns())
    ) as copy:
        copy.set_types(list(_FACT_TYPES.values()))
        for facts in (write.facts for write in writes if write.image_id is None):
            copy.write_row(
                [
                    Jsonb(dict(facts.metadata)) if name == "metadata" else getattr(facts, name)
                    for name in _FACT_TYPES
                ]
            )
    rows = connection.execute(
        sql.SQL(
            """
            insert into clipsql.image as i (collection, {names}, status, attempts)
            select %s, {names}, case when error is null then 'embedded' else 'failed' end, 1
            from staged_image
            on conflict (collection, url) do update set ({names}, status, attempts) = row(
                {excluded}, excluded.status,
                i.attempts + (excluded.error is not null or excluded.sha256 is distinct from i.sha256)::integer)
            returning i.url, i.image_id
            """
        ).format(names=_columns(), excluded=_columns("excluded")),
        (collection,),
    )
    known = {write.facts.url: write.image_id for write in writes if write.image_id is not None}
    return known | dict(rows.fetchall())


def _copy_captions(
    connection: Driver, writes: Sequence[PictureWrite], image_ids: Mapping[str, int], model: ModelRow
) -> None:
    new = [(image_ids[write.facts.url], *caption) for write in writes for caption in write.new_captions]
    # COPY returns no ids, so they are drawn first; captions and their vectors then go in by two COPYs.
    ids = connection.execute(
        "select nextval(pg_get_serial_sequence('clipsql.caption', 'caption_id')) from generate_series(1, %s)",
        (len(new),),
    ).fetchall()
    embeddings = [pair for write in writes for pair in write.caption_embeddings]
    if new:
        with connection.cursor().copy(
            "copy clipsql.caption (caption_id, image_id, body, language) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "int8", "text", "text"])
            for (caption_id,), (image_id, body, language, embedding) in zip(ids, new, strict=True):
                copy.write_row((caption_id, image_id, body, language))
                if embedding is not None:
                    embeddings.append((caption_id, embedding))
    _copy_embeddings(connection, "caption_embedding", model, embeddings)


def _copy_embeddings(
    connection: Driver,
    table: str,
    model: ModelRow,
    embeddings: Iterable[tuple[int, NDArray[np.float32]]],
) -> None:
    owner_id = table.replace("_embedding", "_id")
    with connection.cursor().copy(
        sql.SQL("copy {} ({}, model_id, embedding) from stdin (format binary)").format(
            partition(table, model.model_id), sql.Identifier(owner_id)
        )
    ) as copy:
        copy.set_types(["int8", "int4", "halfvec"])
        for row_id, embedding in embeddings:
            copy.write_row((row_id, model.model_id, HalfVector(embedding)))


def lock_collection(connection: Driver, collection: str, *, on_wait: Callable[[], None]) -> None:
    """Let one ingest at a time into a collection, until the connection closes; a second one waits."""
    key = f"clipsql ingest {collection}"
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
    if row == (False,):
        on_wait()
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (key,))


def analyze(engine: Engine, model: ModelRow) -> None:
    """Bring the planner's statistics up to date after many rows came in."""
    with autocommit_connection(engine) as connection:
        for table in (
            sql.Identifier("clipsql", "image"),
            sql.Identifier("clipsql", "caption"),
            *(partition(table, model.model_id) for table in EMBEDDING_TABLES),
        ):
            connection.execute(sql.SQL("analyze {}").format(table))
