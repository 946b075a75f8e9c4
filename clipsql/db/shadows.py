"""Change the model while searches go on: embed pictures under a second one, use it, keep the old one, retire it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine

from clipsql.db.models import ModelRow, find_model, require_model
from clipsql.db.tables.pictures import Image, ImageEmbedding, Model
from clipsql.db.tables.queue import QueuedPicture
from clipsql.db.tables.shadows import Shadow, Unembedded
from clipsql.db.tables.watches import Watch
from clipsql.db.transactions import Database, reading, writing
from clipsql.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class ModelChange:
    """A row of clipsql.model_change: how far pictures are embedded under a model beside the default one."""

    model: str
    collection: str | None
    begun_at: dt.datetime
    kept_until: dt.datetime | None
    pictures: int
    embedded: int
    failed: int
    waiting: int
    time_left: dt.timedelta | None


@dataclass(frozen=True, kw_only=True)
class ModelFailure:
    """A row of clipsql.model_failure: a picture that could not be had or read for a model."""

    model: str
    image_id: int
    collection: str
    url: str
    failure: str
    error: str
    failed_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Of the pictures that a model knows: how many another lacks, as they wait for it or could not be had for it."""

    pictures: int
    waiting: int
    failed: int


def begin_shadow(engine: Engine, name: str, *, collection: str | None = None) -> ModelRow:
    """Have pictures of a collection, or all, embedded under a model beside the default one, from now on.

    Those that are there follow by workers. Once more: what could not be had for it before is tried again.
    Raises UnknownModel; ModelError for the default model, and for a vector space.
    """
    chosen = require_model(engine, name)
    if chosen.files and chosen.is_default:
        raise ModelError(
            f"Model {chosen.name} is the default, under which pictures are embedded anyway; name another."
        )
    with writing(engine) as connection:
        _keep(connection, chosen.model_id, collection=collection, kept_until=None)
        connection.execute(sa.delete(Unembedded).where(Unembedded.model_id == chosen.model_id))
    return chosen


def use_model(
    engine: Engine,
    name: str,
    *,
    keeps_old: bool = False,
    keep_for: dt.timedelta | None = None,
    may_lack: bool = True,
) -> ModelRow:
    """Make a model the default, in one transaction. Raises UnknownModel.

    With `keeps_old` pictures are embedded under the one before, too, for `keep_for` or until it is retired. One that
    lacks pictures which wait for it is refused with ModelError unless it `may_lack` them.
    """
    chosen = require_model(engine, name)
    old = default_model(engine)
    if old is not None and old.model_id != chosen.model_id and not may_lack:
        lacking = coverage(engine, old, chosen)
        if lacking.waiting:
            raise ModelError(
                f"Model {chosen.name} lacks {lacking.waiting:,} of the {lacking.pictures:,} pictures that {old.name} "
                'knows, and searches would miss them; let "clipsql worker" end its work on them, or give '
                "--incomplete."
            )
    with writing(engine) as connection:
        if keeps_old and old is not None and old.location is not None and old.model_id != chosen.model_id:
            until = None if keep_for is None else sa.func.now() + keep_for
            _keep(connection, old.model_id, collection=None, kept_until=until)
        connection.execute(sa.delete(Shadow).where(Shadow.model_id == chosen.model_id))
        # In two steps: at no moment may two rows be the default.
        connection.execute(sa.update(Model).where(Model.is_default).values(is_default=False))
        connection.execute(sa.update(Model).where(Model.model_id == chosen.model_id).values(is_default=True))
    return replace(chosen, is_default=True)


def retire_model(engine: Engine, name: str) -> bool:
    """Embed pictures under a model no more unless they come in by it; False when that was so already.

    Its vectors stay. Raises UnknownModel; ModelError for the default model.
    """
    chosen = require_model(engine, name)
    if chosen.is_default:
        raise ModelError(
            f'Model {chosen.name} is the default; let another be that by "clipsql model use" first.'
        )
    with writing(engine) as connection:
        ended = connection.execute(sa.delete(Shadow).where(Shadow.model_id == chosen.model_id)).rowcount
        _forget(connection, [chosen.model_id])
    return ended > 0


def retire_expired(connection: Connection) -> list[str]:
    """Retire the models whose time is over; their names."""
    over = sa.delete(Shadow).where(Shadow.kept_until <= sa.func.now()).returning(Shadow.model_id).cte("over")
    found = connection.execute(
        sa.select(Model.model_id, Model.name).join(over, over.c.model_id == Model.model_id)
    ).all()
    _forget(connection, [model_id for model_id, _ in found])
    return [name for _, name in found]


def model_changes(database: Database) -> list[ModelChange]:
    """Rows of clipsql.model_change, by model and collection."""
    with reading(database) as connection:
        rows = connection.exec_driver_sql(
            "select c.* from clipsql.model_change as c order by c.model, c.collection nulls first"
        )
        return [ModelChange(**row._mapping) for row in rows]


def model_failures(database: Database, model: ModelRow, *, most: int) -> list[ModelFailure]:
    """Rows of clipsql.model_failure about a model, by image_id."""
    with reading(database) as connection:
        rows = connection.execute(
            sa.text(
                "select f.* from clipsql.model_failure as f where f.model = :model order by f.image_id limit :most"
            ),
            {"model": model.name, "most": most},
        )
        return [ModelFailure(**row._mapping) for row in rows]


def coverage(database: Database, old: ModelRow, new: ModelRow) -> Coverage:
    """How much of what `old` knows `new` lacks."""
    other = sa.orm.aliased(ImageEmbedding)
    failed = (
        sa.exists()
        .where(Unembedded.image_id == ImageEmbedding.image_id, Unembedded.model_id == new.model_id)
        .correlate(ImageEmbedding)
    )
    is_lacking = other.image_id.is_(None)
    with reading(database) as connection:
        row = connection.execute(
            sa.select(
                sa.func.count(),
                sa.func.count().filter(sa.and_(is_lacking, ~failed)),
                sa.func.count().filter(sa.and_(is_lacking, failed)),
            )
            .select_from(ImageEmbedding)
            .join(Image, Image.image_id == ImageEmbedding.image_id)
            .outerjoin(
                other,
                sa.and_(other.image_id == ImageEmbedding.image_id, other.model_id == new.model_id),
            )
            .where(ImageEmbedding.model_id == old.model_id)
        ).one()
    return Coverage(pictures=row[0], waiting=row[1], failed=row[2])


def watches_of(database: Database, model: ModelRow) -> list[str]:
    """Names of the watches that compare embeddings of a model, as far as one sees them."""
    with reading(database) as connection:
        return list(
            connection.scalars(
                sa.select(Watch.name).where(Watch.model_id == model.model_id).order_by(Watch.name)
            )
        )


def default_model(engine: Engine) -> ModelRow | None:
    """The default model, whatever this role or session uses; None when there is none."""
    with reading(engine) as connection:
        name = connection.scalar(sa.select(Model.name).where(Model.is_default))
    return None if name is None else find_model(engine, name)


def _keep(
    connection: Connection,
    model_id: int,
    *,
    collection: str | None,
    kept_until: sa.ColumnElement[dt.datetime] | None,
) -> None:
    """Begin a shadow, or let one that is there begin anew."""
    told = insert(Shadow).values(model_id=model_id, collection=collection, kept_until=kept_until)
    connection.execute(
        told.on_conflict_do_update(
            index_elements=["model_id", "collection"],
            set_={"kept_until": told.excluded.kept_until, "begun_at": sa.func.now()},
        )
    )


def _forget(connection: Connection, model_ids: list[int]) -> None:
    """Have pictures wait no more for models that they are not kept under; those that wait to come in at all stay."""
    connection.execute(
        sa.delete(QueuedPicture).where(
            QueuedPicture.model_id.in_(model_ids),
            QueuedPicture.image_id.in_(
                sa.select(Image.image_id).where(
                    Image.image_id == QueuedPicture.image_id, Image.status == "embedded"
                )
            ),
        )
    )
    connection.execute(sa.delete(Unembedded).where(Unembedded.model_id.in_(model_ids)))
