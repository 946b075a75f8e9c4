"""Learned fusions: the vectors that they are fitted to, and their rows in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from pgvector import Vector
from sqlalchemy.engine import Engine

from clipsql.db.collections import require_collection
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.naming import resolve_names, stage_names
from clipsql.db.statements import driver_connection
from clipsql.db.tables.fusions import LearnedFusion
from clipsql.db.transactions import reading, writing
from clipsql.errors import InvalidArgument

_COLUMNS = (
    "name", "kind", "picture_weight", "text_weight", "examples", "average_rank", "weighted_sum_rank", "fusion_rank",
    "gain_low", "gain_high", "is_better", "fitted_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FusionRow:
    """A learned fusion under a model: ranks are mean reciprocal ones of what was meant, on examples not fitted to."""

    name: str
    kind: str
    picture_weight: float
    text_weight: float
    examples: int
    average_rank: float
    weighted_sum_rank: float
    fusion_rank: float
    gain_low: float
    gain_high: float
    is_better: bool
    fitted_at: dt.datetime | None = None


def numbers_of(engine: Engine, names: Iterable[tuple[str, str | None]], *, collection: str) -> dict[str, int]:
    """image_id by name, of those names, each with its local file's address, that are pictures of a collection.

    Raises UnknownCollection.
    """
    with writing(engine) as connection:
        require_collection(connection, collection)
        driver = driver_connection(connection)
        stage_names(driver, names)
        resolve_names(driver, collection)
        return dict(
            driver.execute("select n.name, n.image_id from named_picture as n where n.image_id is not null")
        )


def judged_triplets(engine: Engine) -> list[tuple[int, str, int]]:
    """Picture, text and wanted picture of alarms that were right: of each watch of a text one after the other."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.text(
                """
                select s.image_id, s.query, s.wanted from (
                    select a.image_id, w.query,
                        lead(a.image_id) over (partition by w.watch_id order by a.alert_id) as wanted
                    from clipsql.alert as a
                    join clipsql.watch_list as w on w.watch_id = a.watch_id
                    where a.verdict and w.query is not null
                ) as s
                where s.wanted is not null
                order by s.query, s.image_id
                """
            )
        )
        return [(image_id, query, wanted) for image_id, query, wanted in rows]


def vectors_of(engine: Engine, model: ModelRow, image_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """Stored vectors of pictures under a model, by image_id; those without one are absent."""
    with reading(engine) as connection:
        rows = driver_connection(connection).execute(
            "select e.image_id, e.embedding from clipsql.image_embedding as e"
            " where e.model_id = %s and e.image_id = any (%s)",
            (model.model_id, list(image_ids)),
        )
        return {image_id: embedding.to_numpy().astype(np.float32) for image_id, embedding in rows}


def store_fusion(
    engine: Engine, model: ModelRow, fusion: FusionRow, layers: Sequence[NDArray[np.float32]]
) -> None:
    """Keep a fusion, in the place of one of that name, in one transaction."""
    facts = {name: getattr(fusion, name) for name in _COLUMNS if name != "fitted_at"}
    with writing(engine) as connection:
        connection.execute(
            sa.delete(LearnedFusion).where(
                LearnedFusion.model_id == model.model_id, LearnedFusion.name == fusion.name
            )
        )
        fusion_id = connection.execute(
            sa.insert(LearnedFusion)
            .values(model_id=model.model_id, **facts)
            .returning(LearnedFusion.fusion_id)
        ).scalar_one()
        driver_connection(connection).cursor().executemany(
            "insert into clipsql_private.fusion_row (fusion_id, layer, number, weights) values (%s, %s, %s, %s)",
            [
                (fusion_id, depth, number, Vector(weights))
                for depth, layer in enumerate(layers, start=1)
                for number, weights in enumerate(layer, start=1)
            ],
        )


def list_fusions(engine: Engine, model: ModelRow) -> list[FusionRow]:
    """The learned fusions of a model, by name."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(*(getattr(LearnedFusion, name) for name in _COLUMNS))
            .where(LearnedFusion.model_id == model.model_id)
            .order_by(LearnedFusion.name)
        )
        return [FusionRow(**row._mapping) for row in rows]


def require_fusion(engine: Engine, model: ModelRow, name: str) -> FusionRow:
    """The learned fusion of that name. Raises InvalidArgument, which tells those that there are."""
    known = {fusion.name: fusion for fusion in list_fusions(engine, model)}
    if name not in known:
        raise InvalidArgument(
            f'Model {model.name} has no learned fusion "{name}"; it has: {", ".join(known) or "none"}.'
        )
    return known[name]


def remove_fusion(engine: Engine, model: ModelRow, name: str) -> None:
    """Remove a learned fusion. Raises InvalidArgument."""
    require_fusion(engine, model, name)
    with writing(engine) as connection:
        connection.execute(
            sa.delete(LearnedFusion).where(
                LearnedFusion.model_id == model.model_id, LearnedFusion.name == name
            )
        )


def embedded_texts(
    engine: Engine, model: ModelRow, texts: Sequence[str]
) -> Mapping[str, NDArray[np.float32]]:
    """Vectors of texts as the database itself makes them. Raises TextEncoderUnavailable, InvalidText."""
    with reading(engine) as connection:
        rows = driver_connection(connection).execute(
            "select t.query, clipsql.embed_text(t.query, %s) from unnest(%s::text[]) as t(query)",
            (model.name, list(texts)),
        )
        return {query: embedding.to_numpy().astype(np.float32) for query, embedding in rows}
