"""Make a model as quick and exact to search as the one whose place it takes."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db import indexes, percentile_samples, search_rows, tuning
from clipsql.db.models import ModelRow
from clipsql.db.partitions import EMBEDDING_TABLES
from clipsql.db.pictures.writing import analyze
from clipsql.db.tables.search_tuning import SearchTuning
from clipsql.db.transactions import reading


def make_ready(
    engine: Engine, model: ModelRow, *, like: ModelRow, on_build: Callable[[int], None] = lambda _rows: None
) -> None:
    """Build indexes and search rows of a model, sample its collections, and measure recall where that of `like` was.

    What is there already stays as it is. Raises NotTheOwner.
    """
    for table in EMBEDDING_TABLES:
        indexes.ensure_index(engine, model, table=table, on_build=on_build)
    analyze(engine, model)
    search_rows.ensure_search_rows(engine, model)
    percentile_samples.refresh(engine, model)
    with reading(engine) as connection:
        target = connection.scalar(
            sa.select(sa.func.max(SearchTuning.target_recall)).where(SearchTuning.model_id == like.model_id)
        )
    if target is not None and not tuning.tunings(engine, model):
        tuning.tune(engine, model, target=target)
