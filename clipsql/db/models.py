"""The models that a database knows, each with partitions and an HNSW index of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.partitions import EMBEDDING_TABLES, partition
from clipsql.db.statements import execute
from clipsql.db.tables.pictures import Image, Model
from clipsql.db.tables.queue import QueuedPicture
from clipsql.db.transactions import Database, reading, writing
from clipsql.errors import ModelError, UnknownModel


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One row of clipsql.model; a vector space, whose vectors come from elsewhere, has no location and no revision."""

    model_id: int
    name: str
    location: str | None
    revision: str | None
    dimensions: int
    logit_scale: float
    is_default: bool

    @property
    def files(self) -> str:
        """Where its files come from. Raises ModelError for a vector space, which has none."""
        if self.location is None:
            raise ModelError(
                f"Model {self.name} has no files here, as a vector space without files has none: nothing can be "
                "encoded with it; put pictures with their vectors, and search by a vector, by a stored picture or by "
                "words (caption_query)."
            )
        return self.location


def list_models(engine: Engine) -> list[ModelRow]:
    """All models, by name."""
    # Each as SQL resolves it, because not everybody may see where files lie.
    resolved = _resolved(Model.name)
    statement = sa.select(resolved).join_from(Model, resolved, sa.true()).order_by(Model.name)
    with database_errors(engine), engine.connect() as connection:
        return [_row(found) for found in connection.execute(statement)]


def find_model(database: Database, name: str | None = None) -> ModelRow | None:
    """The model that `require_model` gives; None when there is none."""
    try:
        return require_model(database, name)
    except UnknownModel:
        return None


def require_model(database: Database, name: str | None = None) -> ModelRow:
    """The model of that name or location, or the default model, as SQL finds it. Raises UnknownModel."""
    with reading(database) as connection:
        return _row(connection.execute(sa.select(_resolved(sa.cast(name, sa.Text)))).one())


def add_model(
    engine: Engine,
    *,
    name: str,
    location: str,
    revision: str,
    dimensions: int,
    logit_scale: float,
    may_be_default: bool = True,
) -> ModelRow:
    """Add a model with its partitions; where there is no default yet, it becomes that if it may.

    Adding the same revision again changes nothing. Raises ModelError when the name stands for another revision.
    """
    with database_errors(engine), engine.begin() as connection:
        # Two commands may add the same model at once.
        connection.exec_driver_sql("lock table clipsql.model in share row exclusive mode")
        known = connection.execute(_MODELS.where(Model.name == name)).first()
        if known is not None:
            if known.revision is None:
                raise ModelError(
                    f"Model {name} is already here, a vector space that is filled from elsewhere; "
                    "add this one under another name with --name."
                )
            if known.revision != revision:
                raise ModelError(
                    f"Model {name} is already here at revision {known.revision[:12]}, not {revision[:12]}; "
                    "add the changed model under another name with --name."
                )
            # The same files may have moved, with a virtual environment for instance.
            connection.execute(
                sa.update(Model).where(Model.model_id == known.model_id).values(location=location)
            )
            return replace(_row(known), location=location)
        row = connection.execute(
            sa.insert(Model)
            .values(
                name=name,
                location=location,
                revision=revision,
                dimensions=dimensions,
                logit_scale=logit_scale,
                is_default=sa.and_(sa.literal(may_be_default), ~sa.exists().where(Model.is_default)),
            )
            .returning(*_MODELS.selected_columns)
        ).one()
        connection.execute(sa.select(sa.func.clipsql_private.add_partitions(row.model_id)))
        return _row(row)


def add_space(database: Database, name: str, *, dimensions: int, logit_scale: float = 100.0) -> ModelRow:
    """Add a vector space, whose vectors come from elsewhere; one that is here already is left as it is.

    Raises InvalidArgument when the name stands for something else.
    """
    with writing(database) as connection:
        connection.execute(
            sa.select(sa.func.clipsql.add_model(name, dimensions, sa.cast(logit_scale, sa.Double)))
        )
    return require_model(database, name)


def remove_model(engine: Engine, name: str) -> None:
    """Remove a model with all its embeddings. Raises UnknownModel."""
    model_id = require_model(engine, name).model_id
    with database_errors(engine), engine.begin() as connection:
        connection.execute(sa.select(sa.func.clipsql_private.drop_search_rows(model_id)))
        # Else what is embedded already would wait for any model.
        connection.execute(
            sa.delete(QueuedPicture).where(
                QueuedPicture.model_id == model_id,
                QueuedPicture.image_id == Image.image_id,
                Image.status == "embedded",
            )
        )
        for table in EMBEDDING_TABLES:
            execute(connection, sql.SQL("drop table {}").format(partition(table, model_id)))
        connection.execute(sa.delete(Model).where(Model.model_id == model_id))


def _resolved(name: sa.SQLColumnExpression[str]) -> sa.TableValuedAlias:
    """The row of the model that SQL finds by that name."""
    return sa.func.clipsql_private.resolve_model(name).table_valued(
        *(sa.column(column.name, column.type) for column in _MODELS.selected_columns)
    )


_MODELS = sa.select(
    Model.model_id,
    Model.name,
    Model.location,
    Model.revision,
    Model.dimensions,
    Model.logit_scale,
    Model.is_default,
)


def _row(found: sa.Row[int, str, str | None, str | None, int, float, bool]) -> ModelRow:
    return ModelRow(**found._mapping)
