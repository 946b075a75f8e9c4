"""Write pictures with their captions and embeddings, a batch in one transaction."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.db.partitions import EMBEDDING_TABLES, partition
from clipsql.db.pictures import queue
from clipsql.db.pictures.moments import write_moments
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.pictures.staging import row_columns, stage, write_content
from clipsql.db.statements import Driver, autocommit_connection, driver_connection, may_do_nothing

_log = logging.getLogger(__name__)


def write_pictures(
    connection: Driver, writes: Sequence[PictureWrite], *, collection: str, model: ModelRow | None
) -> None:
    """Write a batch of pictures of one collection in one transaction: all of it or nothing.

    Pending ones wait for `model`, or for any, from then on; the others no more.
    """
    if not writes:
        return
    with connection.transaction():
        connection.execute(
            "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", (_writes_into(collection),)
        )
        image_ids = _upsert_images(connection, writes, collection=collection)
        placed = [(image_ids[write.picture.url], write) for write in writes]
        queue.enqueue(
            connection,
            [
                (
                    image_id,
                    write.is_checked,
                    None if write.file_to_read is None else os.fsencode(write.file_to_read),
                )
                for image_id, write in placed
                if write.picture.status == "pending"
            ],
            collection=collection,
            model=model,
        )
        write_content(connection, placed, model)
        queue.take_out(
            connection,
            [image_id for image_id, write in placed if write.picture.status != "pending"],
            model=model,
        )
        moments = [(image_id, write.picture.moment) for image_id, write in placed]
        write_moments(connection, [(image_id, moment) for image_id, moment in moments if moment is not None])


def _upsert_images(connection: Driver, writes: Sequence[PictureWrite], *, collection: str) -> dict[str, int]:
    """Insert or update the rows of clipsql.image that are not right yet; returns image_id by URL."""
    stage(connection, (write for write in writes if not write.row_is_right))
    rows = connection.execute(
        sql.SQL(
            """
            insert into clipsql.image (collection, {columns})
            select %s, {columns} from staged_image
            on conflict (collection, clipsql.url_digest(url)) do update set ({columns}) = row({excluded})
            returning url, image_id
            """
        ).format(columns=row_columns(), excluded=row_columns("excluded")),
        (collection,),
    )
    known = {write.picture.url: write.stored.image_id for write in writes if write.stored is not None}
    return known | dict(rows.fetchall())


@contextmanager
def only_ingest(engine: Engine, collection: str) -> Iterator[None]:
    """Within the block no other ingest goes into the collection; one that is there already is waited for.

    The lock is that of a transaction that stays open, so that a pooler gives its session to nobody else, and lets go of
    it with this process. It holds nothing else: no snapshot, no row.
    """
    with engine.connect() as connection:
        holder = driver_connection(connection)
        may_do_nothing(holder)
        key = f"clipsql ingest {collection}"
        row = holder.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (key,)).fetchone()
        if row == (False,):
            _log.info("Another ingest into collection %s is running; waiting for it to end.", collection)
            holder.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
        # One that was killed may have sent its last batch a moment ago.
        with autocommit_connection(engine) as other:
            other.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (_writes_into(collection),)
            )
        yield


def _writes_into(collection: str) -> str:
    return f"clipsql write {collection}"


def analyze(engine: Engine, model: ModelRow) -> None:
    """Bring the planner's statistics up to date after many rows came in."""
    with autocommit_connection(engine) as connection:
        for table in (
            sql.Identifier("clipsql", "image"),
            sql.Identifier("clipsql", "caption"),
            *(partition(table, model.model_id) for table in EMBEDDING_TABLES),
        ):
            connection.execute(sql.SQL("analyze {}").format(table))
