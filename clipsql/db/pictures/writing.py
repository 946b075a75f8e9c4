"""Look up and write pictures with their captions and embeddings, a batch in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.models import EMBEDDING_TABLES, ModelRow, partition
from clipsql.db.pictures.records import PictureFacts, PictureWrite, StoredCaption, StoredImage
from clipsql.db.pictures.staging import FACT_TYPES, Driver, fact_columns, stage_facts, write_content
from clipsql.db.statements import autocommit_connection

__all__ = [
    "Driver",
    "PictureFacts",
    "PictureWrite",
    "StoredCaption",
    "StoredImage",
    "analyze",
    "first_positions",
    "known_embeddings",
    "lock_collection",
    "pictures_by_id",
    "stored_images",
    "write_pictures",
]

_log = logging.getLogger(__name__)


def stored_images(
    connection: Driver, *, collection: str, urls: Sequence[str], model: ModelRow | None
) -> dict[str, StoredImage]:
    """What is stored of these pictures, by URL; absent URLs are absent."""
    wanted = sql.SQL("i.collection = %(collection)s and i.url = any (%(urls)s)")
    found = _stored(connection, wanted, model, collection=collection, urls=list(urls))
    return {stored.facts.url: stored for stored in found}


def pictures_by_id(
    connection: Driver, image_ids: Sequence[int], *, model: ModelRow | None
) -> list[StoredImage]:
    """What is stored of these pictures, by image_id."""
    return _stored(
        connection,
        sql.SQL("i.image_id = any (%(image_ids)s) order by i.image_id"),
        model,
        image_ids=list(image_ids),
    )


def _stored(
    connection: Driver, wanted: sql.SQL, model: ModelRow | None, **parameters: Any
) -> list[StoredImage]:
    rows = connection.execute(
        sql.SQL(
            """
            select {names}, i.checked_at is not null, i.image_id,
                   exists (select from clipsql.image_embedding as e
                           where e.image_id = i.image_id and e.model_id = %(model_id)s),
                   (select coalesce(jsonb_agg(jsonb_build_array(c.caption_id, c.body, e.caption_id is not null)
                                              order by c.caption_id), '[]')
                    from clipsql.caption as c
                    left join clipsql.caption_embedding as e
                        on e.caption_id = c.caption_id and e.model_id = %(model_id)s
                    where c.image_id = i.image_id),
                   exists (select from clipsql_private.thumbnail as t where t.image_id = i.image_id)
            from clipsql.image as i
            where {wanted}
            """
        ).format(names=fact_columns("i"), wanted=wanted),
        {"model_id": None if model is None else model.model_id, **parameters},
    )
    return [
        StoredImage(
            facts=PictureFacts(**dict(zip((*FACT_TYPES, "is_checked"), row, strict=False))),
            image_id=row[-4],
            is_embedded=row[-3],
            captions=tuple(
                StoredCaption(caption_id=caption_id, body=body, is_embedded=is_embedded)
                for caption_id, body, is_embedded in row[-2]
            ),
            has_thumbnail=row[-1],
        )
        for row in rows
    ]


def known_embeddings(
    connection: Driver, digests: Sequence[bytes], *, model: ModelRow
) -> dict[bytes, NDArray[np.float32]]:
    """Embeddings that the model already made of contents, by their SHA-256."""
    rows = connection.execute(
        sql.SQL(
            """
            select distinct on (i.sha256) i.sha256, e.embedding
            from clipsql.image as i
            join {embeddings} as e on e.image_id = i.image_id
            where i.sha256 = any (%s)
            order by i.sha256, i.image_id
            """
        ).format(embeddings=partition("image_embedding", model.model_id)),
        (list(digests),),
    )
    return {digest: embedding.to_numpy().astype(np.float32) for digest, embedding in rows}


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
    connection: Driver, writes: Sequence[PictureWrite], *, collection: str, model: ModelRow | None
) -> None:
    """Write a batch of pictures of one collection in one transaction: all of it or nothing."""
    if not writes:
        return
    with connection.transaction():
        image_ids = _upsert_images(connection, writes, collection=collection)
        write_content(connection, [(image_ids[write.facts.url], write) for write in writes], model)


def _upsert_images(connection: Driver, writes: Sequence[PictureWrite], *, collection: str) -> dict[str, int]:
    """Insert or update the rows of clipsql.image that do not hold their facts yet; returns image_id by URL."""
    stage_facts(connection, (write for write in writes if not write.row_is_right))
    rows = connection.execute(
        sql.SQL(
            """
            insert into clipsql.image as i (collection, {names}, checked_at, attempts)
            select %s, {names}, case when s.is_checked then now() end, (s.status <> 'pending')::integer
            from staged_image as s
            on conflict (collection, url) do update set ({names}, checked_at, attempts, leased_by, leased_until) = row(
                {excluded},
                case when excluded.checked_at is null or excluded.error is not null
                          or excluded.sha256 is distinct from i.sha256
                     then excluded.checked_at else coalesce(i.checked_at, excluded.checked_at) end,
                i.attempts + (excluded.error is not null
                              or excluded.status = 'embedded' and excluded.sha256 is distinct from i.sha256)::integer,
                case when excluded.status = 'pending' then i.leased_by end,
                case when excluded.status = 'pending' then i.leased_until end)
            returning i.url, i.image_id
            """
        ).format(names=fact_columns(), excluded=fact_columns("excluded")),
        (collection,),
    )
    known = {write.facts.url: write.image_id for write in writes if write.image_id is not None}
    return known | dict(rows.fetchall())


def lock_collection(connection: Driver, collection: str) -> None:
    """Let one ingest at a time into a collection, until the connection closes; a second one waits."""
    key = f"clipsql ingest {collection}"
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
    if row == (False,):
        _log.info("Another ingest into collection %s is running; waiting for it to end.", collection)
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
