"""The steps that every write of pictures shares: rows into a temporary table, then vectors and captions by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import ROW_TYPES, PictureWrite, row_values
from clipsql.db.pictures.regions import write_regions
from clipsql.db.pictures.vectors import copy_vectors
from clipsql.db.statements import Driver, copy_into
from clipsql.db.tables.base import PRIVATE_SCHEMA
from clipsql.picture import exact_json

_STAGED_TYPES = {"image_id": "bigint", **ROW_TYPES, "is_checked": "boolean"}


def row_columns(table: str | None = None) -> sql.Composed:
    """The columns of ROW_TYPES, comma-separated."""
    return sql.SQL(", ").join(
        sql.Identifier(name) if table is None else sql.Identifier(table, name) for name in ROW_TYPES
    )


def stage(connection: Driver, writes: Iterable[PictureWrite]) -> None:
    """Fill the temporary table staged_image, which this transaction then reads and takes with it at its end."""
    connection.execute(
        sql.SQL("create temporary table staged_image ({}) on commit drop").format(
            sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in _STAGED_TYPES.items())
        )
    )
    with connection.cursor().copy("copy staged_image from stdin (format binary)") as copy:
        copy.set_types(list(_STAGED_TYPES.values()))
        for write in writes:
            values = row_values(write.picture)
            values["metadata"] = Jsonb(values["metadata"], dumps=exact_json)
            image_id = None if write.stored is None else write.stored.image_id
            copy.write_row((image_id, *values.values(), write.is_checked))


def write_content(
    connection: Driver, placed: Sequence[tuple[int, PictureWrite]], model: ModelRow | None
) -> None:
    """Embeddings, captions and thumbnails of pictures, by image_id, whose rows are written already."""
    stale = [image_id for image_id, write in placed if write.content_changed]
    # Other content: what any model made of the old one is wrong now, and so is what it looked like. Where nobody has
    # looked before, as when somebody gave the vector, that of another model may well be of this content.
    connection.execute(
        "delete from clipsql.image_embedding where image_id = any (%s) and (model_id = %s or not image_id = any (%s))",
        (
            stale,
            None if model is None else model.model_id,
            [image_id for image_id, write in placed if not write.was_looked_at],
        ),
    )
    for table in ("fingerprint", "thumbnail"):
        connection.execute(
            sql.SQL("delete from {} where image_id = any (%s)").format(sql.Identifier(PRIVATE_SCHEMA, table)),
            (stale,),
        )
    removed = [caption_id for _, write in placed for caption_id in write.removed_captions]
    connection.execute("delete from clipsql.caption where caption_id = any (%s)", (removed,))
    _write_fingerprints(connection, placed)
    _write_thumbnails(connection, placed)
    caption_embeddings = _copy_captions(connection, placed, model)
    if model is None:
        return
    embeddings = [(image_id, write.embedding) for image_id, write in placed if write.embedding is not None]
    _copy_embeddings(connection, "image", model, embeddings)
    _copy_embeddings(connection, "caption", model, caption_embeddings)
    write_regions(connection, [write for _, write in placed], model)


def _write_fingerprints(connection: Driver, placed: Sequence[tuple[int, PictureWrite]]) -> None:
    made = [(image_id, write.fingerprint) for image_id, write in placed if write.fingerprint is not None]
    # What is there of this content stays: models of other input sizes decode at another size, a level may then turn.
    connection.execute(
        """
        insert into clipsql_private.fingerprint (image_id, pixels)
        select m.image_id, m.pixels
        from unnest(%s::bigint[], %s::bytea[]) as m(image_id, pixels)
        on conflict (image_id) do nothing
        """,
        ([image_id for image_id, _ in made], [pixels for _, pixels in made]),
    )


def _write_thumbnails(connection: Driver, placed: Sequence[tuple[int, PictureWrite]]) -> None:
    made = [
        (image_id, write.thumbnail.jpeg, write.thumbnail.width, write.thumbnail.height)
        for image_id, write in placed
        if write.thumbnail is not None
    ]
    if made:
        connection.cursor().executemany(
            """
            insert into clipsql_private.thumbnail (image_id, jpeg, width, height) values (%s, %s, %s, %s)
            on conflict (image_id) do update
                set (jpeg, width, height) = (excluded.jpeg, excluded.width, excluded.height)
            """,
            made,
        )


def _copy_captions(
    connection: Driver, placed: Sequence[tuple[int, PictureWrite]], model: ModelRow | None
) -> list[tuple[int, NDArray[np.float32]]]:
    """Add the new captions; returns the embeddings of captions, new and stored, by caption_id."""
    new = [(image_id, *caption) for image_id, write in placed for caption in write.new_captions]
    # COPY returns no ids, so they are drawn first; captions and their vectors then go in by two COPYs.
    ids = connection.execute(
        "select nextval(pg_get_serial_sequence('clipsql.caption', 'caption_id')) from generate_series(1, %s)",
        (len(new),),
    ).fetchall()
    embeddings = _of_stored_captions(connection, placed, model)
    if new:
        columns = {"caption_id": "int8", "image_id": "int8", "body": "text", "language": "text"}
        with copy_into(connection, "clipsql.caption", columns) as copy:
            for (caption_id,), (image_id, body, language, embedding) in zip(ids, new, strict=True):
                copy.write_row((caption_id, image_id, body, language))
                if embedding is not None:
                    embeddings.append((caption_id, embedding))
    return embeddings


def _of_stored_captions(
    connection: Driver, placed: Sequence[tuple[int, PictureWrite]], model: ModelRow | None
) -> list[tuple[int, NDArray[np.float32]]]:
    """Embeddings of captions that are there and have none: others may take one away while a worker encodes it, or
    embed it.
    """
    embeddings = dict(pair for _, write in placed for pair in write.caption_embeddings)
    if not embeddings or model is None:
        return []
    rows = connection.execute(
        """
        select c.caption_id from clipsql.caption as c
        where c.caption_id = any (%s) and not exists (
            select from clipsql.caption_embedding as e where e.caption_id = c.caption_id and e.model_id = %s)
        for key share
        """,
        (list(embeddings), model.model_id),
    ).fetchall()
    return [(caption_id, embeddings[caption_id]) for (caption_id,) in rows]


def _copy_embeddings(
    connection: Driver, owner: str, model: ModelRow, embeddings: Sequence[tuple[int, NDArray[np.float32]]]
) -> None:
    if embeddings:
        ids = [row_id for row_id, _ in embeddings]
        vectors = np.stack([embedding for _, embedding in embeddings]).astype(np.float16)
        copy_vectors(connection, owner, ids, vectors, model)
