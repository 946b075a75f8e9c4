"""Look up what is stored of pictures, and what was seen of a source in this run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import ROW_TYPES, StoredCaption, StoredPicture
from clipsql.db.pictures.staging import row_columns
from clipsql.db.statements import Driver
from clipsql.picture import PictureRecord

_SEEN = "create temporary table if not exists seen (url_digest bytea primary key, position text not null)"
_SPARED = "create temporary table if not exists spared (url_digest bytea primary key)"


def stored_pictures(
    connection: Driver, *, collection: str, urls: Sequence[str], model: ModelRow | None
) -> dict[str, StoredPicture]:
    """What is stored of these pictures, by URL; absent URLs are absent."""
    wanted = sql.SQL(
        """
        i.collection = %(collection)s
        and clipsql.url_digest(i.url) = any (array(select clipsql.url_digest(u) from unnest(%(urls)s::text[]) as u))
        """
    )
    found = _stored(connection, wanted, model, collection=collection, urls=list(urls))
    return {stored.picture.url: stored for stored in found}


def pictures_by_id(
    connection: Driver, image_ids: Sequence[int], *, model: ModelRow | None
) -> list[StoredPicture]:
    """What is stored of these pictures, by image_id."""
    return _stored(
        connection,
        sql.SQL("i.image_id = any (%(image_ids)s) order by i.image_id"),
        model,
        image_ids=list(image_ids),
    )


def _stored(
    connection: Driver, wanted: sql.SQL, model: ModelRow | None, **parameters: Any
) -> list[StoredPicture]:
    rows = connection.execute(
        sql.SQL(
            """
            select {columns}, i.image_id,
                   (select coalesce(jsonb_agg(jsonb_build_array(c.caption_id, c.body, e.caption_id is not null)
                                              order by c.caption_id), '[]')
                    from clipsql.caption as c
                    left join clipsql.caption_embedding as e
                        on e.caption_id = c.caption_id and e.model_id = %(model_id)s
                    where c.image_id = i.image_id),
                   exists (select from clipsql.image_embedding as e
                           where e.image_id = i.image_id and e.model_id = %(model_id)s),
                   coalesce(w.is_checked, true), w.file_to_read,
                   exists (select from clipsql_private.thumbnail as t where t.image_id = i.image_id)
            from clipsql.image as i
            cross join lateral (
                select bool_and(q.is_checked) as is_checked,
                       (array_agg(q.file_to_read) filter (where q.file_to_read is not null))[1] as file_to_read
                from clipsql_private.queue as q
                where q.image_id = i.image_id and (q.model_id is null or q.model_id = %(model_id)s)
            ) as w
            where {wanted}
            """
        ).format(columns=row_columns("i"), wanted=wanted),
        {"model_id": None if model is None else model.model_id, **parameters},
    )
    return [
        StoredPicture(
            image_id=image_id,
            picture=_picture(columns, tuple(body for _, body, _ in captions)),
            captions=tuple(
                StoredCaption(caption_id=caption_id, body=body, is_embedded=caption_is_embedded)
                for caption_id, body, caption_is_embedded in captions
            ),
            is_embedded=is_embedded,
            is_checked=is_checked,
            file_to_read=None if file_to_read is None else Path(os.fsdecode(file_to_read)),
            has_thumbnail=has_thumbnail,
        )
        for *columns, image_id, captions, is_embedded, is_checked, file_to_read, has_thumbnail in rows
    ]


def _picture(columns: Sequence[Any], captions: tuple[str, ...]) -> PictureRecord:
    values = dict(zip(ROW_TYPES, columns, strict=True))
    file = values.pop("file")
    return PictureRecord(file=None if file is None else Path(file), captions=captions, **values)


def known_embeddings(
    connection: Driver, digests: Sequence[bytes], *, model: ModelRow
) -> dict[bytes, NDArray[np.float32]]:
    """Embeddings that the model already made of contents, by their SHA-256."""
    rows = connection.execute(
        """
        select distinct on (i.sha256) i.sha256, e.embedding
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = %s
        where i.sha256 = any (%s)
        order by i.sha256, i.image_id
        """,
        (model.model_id, list(digests)),
    )
    return {digest: embedding.to_numpy().astype(np.float32) for digest, embedding in rows}


def first_positions(connection: Driver, sightings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Note (url, position) pairs as seen in this run; returns the first position of every URL seen before.

    The memory of a run is a temporary table, so that it stays flat in Python however long the source is.
    """
    connection.execute(_SEEN)
    urls = [url for url, _ in sightings]
    rows = connection.execute(
        """
        with sighting as (
            select s.url, clipsql.url_digest(s.url) as url_digest, s.position
            from unnest(%(urls)s::text[], %(positions)s::text[]) as s(url, position)
        ), added as (
            insert into seen select s.url_digest, s.position from sighting as s on conflict do nothing
            returning url_digest
        )
        select s.url, e.position
        from sighting as s
        join seen as e on e.url_digest = s.url_digest  -- the state before this statement
        """,
        {"urls": urls, "positions": [position for _, position in sightings]},
    )
    return dict(rows.fetchall())


def spare(connection: Driver, url: str) -> None:
    """Note that this run's source still has a picture, though it tells nothing of it that can be used."""
    connection.execute(_SPARED)
    connection.execute("insert into spared select clipsql.url_digest(%s) on conflict do nothing", (url,))


def gone_pictures(connection: Driver, *, collection: str, begins: str | None) -> list[tuple[int, str]]:
    """(image_id, url) in a collection of URLs neither seen nor spared in this run, of those that begin so."""
    connection.execute(_SEEN)
    connection.execute(_SPARED)
    return connection.execute(
        """
        select i.image_id, i.url
        from clipsql.image as i
        where i.collection = %(collection)s
            and (%(begins)s::text is null or starts_with(i.url, %(begins)s))
            and not exists (select from seen as s where s.url_digest = clipsql.url_digest(i.url))
            and not exists (select from spared as s where s.url_digest = clipsql.url_digest(i.url))
        order by i.image_id
        """,
        {"collection": collection, "begins": begins},
    ).fetchall()


def seen_position(connection: Driver, url: str) -> str | None:
    """Where this run saw a URL first, as `first_positions` noted it; None for one that it did not see."""
    row = connection.execute(
        "select s.position from seen as s where s.url_digest = clipsql.url_digest(%s)", (url,)
    ).fetchone()
    return None if row is None else row[0]
