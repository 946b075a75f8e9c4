"""Collections: what they hold, and how to drop one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.db.shards.listing import has_shards
from clipsql.db.tables.pictures import Caption, Image
from clipsql.errors import UnknownCollection


def collection_stats(engine: Engine) -> list[dict[str, Any]]:
    """Rows of the view clipsql.collection_stats, by collection and model."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.exec_driver_sql("select * from clipsql.collection_stats order by collection, model")
        return [dict(row._mapping) for row in rows]


def failure_stats(engine: Engine) -> list[dict[str, Any]]:
    """Per collection and class of failure: how many pictures failed so and the reason of one; most frequent first."""
    count = sa.func.count().label("images")
    example = sa.func.min(Image.error).label("example")
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(Image.collection, Image.failure, count, example)
            .where(Image.status == "failed")
            .group_by(Image.collection, Image.failure)
            .order_by(Image.collection, count.desc(), Image.failure)
        )
        return [dict(row._mapping) for row in rows]


def list_collections(engine: Engine) -> list[tuple[str, int]]:
    """Name and number of pictures of every collection, by name."""
    with database_errors(engine), engine.connect() as connection:
        return _collections(connection)


def count_images(engine: Engine, collection: str) -> int:
    """Pictures of a collection. Raises UnknownCollection."""
    with database_errors(engine), engine.connect() as connection:
        require_collection(connection, collection)
        return connection.execute(
            sa.select(sa.func.count()).select_from(Image).where(Image.collection == collection)
        ).scalar_one()


def require_collection(connection: Connection, name: str) -> None:
    """Raise UnknownCollection, which names those most like it, unless there is a collection of that name."""
    if connection.scalar(sa.select(sa.exists().where(Image.collection == name))):
        return
    if has_shards(connection):
        return  # which have been asked, and warned
    near = get_close_matches(name, [known for known, _ in _collections(connection)])
    raise UnknownCollection(
        f'There is no collection "{name}"; '
        + (f"did you mean {' or '.join(near)}? " if near else "")
        + '"clipsql collection list" shows what there is.'
    )


def _collections(connection: Connection) -> list[tuple[str, int]]:
    rows = connection.execute(
        sa.select(Image.collection, sa.func.count()).group_by(Image.collection).order_by(Image.collection)
    )
    return [(name, images) for name, images in rows]


def captioned_files(engine: Engine, collection: str) -> list[tuple[str, Sequence[str]]]:
    """Local file and captions of every picture of a collection that has both, in a fixed order."""
    captions = sa.func.array_agg(aggregate_order_by(Caption.body, Caption.caption_id))
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(Image.file, captions)
            .join(Caption, Caption.image_id == Image.image_id)
            .where(Image.collection == collection, Image.status == "embedded", Image.file.is_not(None))
            .group_by(Image.image_id)
            .order_by(Image.image_id)
        )
        return [(file, bodies) for file, bodies in rows if file is not None]


def drop_collection(engine: Engine, collection: str) -> None:
    """Delete the pictures of a collection with their captions and embeddings."""
    with database_errors(engine), engine.begin() as connection:
        connection.execute(sa.delete(Image).where(Image.collection == collection))
