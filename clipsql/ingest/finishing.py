"""What every bulk load ends with: indexes, statistics, search rows, samples, watches that follow the model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from clipsql.db import indexes, percentile_samples, search_rows
from clipsql.db.models import ModelRow, find_model
from clipsql.db.moved_watches import move_watches
from clipsql.db.partitions import EMBEDDING_TABLES
from clipsql.db.pictures import writing
from clipsql.errors import DatabaseError, DatabaseUnreachable
from clipsql.ingest.readings import Outcome
from clipsql.ingest.reports import IngestReport

if TYPE_CHECKING:
    from clipsql.encoding import Encoder

_log = logging.getLogger(__name__)

_ROWS_THAT_NEED_AN_INDEX = 10_000
"""Fewer are compared in some ten milliseconds."""


def finish(
    engine: Engine,
    model: ModelRow | None,
    report: IngestReport,
    *,
    collection: str | None,
    encoder: Encoder | None = None,
) -> None:
    """Build indexes and search rows after the first bulk load; bring statistics and the collection's sample up to date.

    Watches move to the default model when it has come to know their pictures. `collection` None stands for all.
    """
    if model is None:
        return
    for table in EMBEDDING_TABLES:
        try:
            indexes.ensure_index(engine, model, table=table)
        except indexes.NotTheOwner as error:
            if error.rows >= _ROWS_THAT_NEED_AN_INDEX:
                _log.warning("%s", error)
    if report.outcomes[Outcome.ADDED] + report.outcomes[Outcome.UPDATED]:
        writing.analyze(engine, model)
    search_rows.ensure_search_rows(engine, model)
    percentile_samples.refresh(engine, model, collections=None if collection is None else [collection])
    default = find_model(engine)
    if default is not None and default.model_id == model.model_id:
        _have_watches_follow(engine, model, encoder)


def _have_watches_follow(engine: Engine, model: ModelRow, encoder: Encoder | None) -> None:
    try:
        moved = move_watches(engine, model, None if encoder is None else encoder.encode_texts)
    except DatabaseUnreachable:
        raise
    except DatabaseError as error:
        # Somebody's transaction does not end: what was ingested is stored, and the next time comes.
        _log.warning("Watches did not move to model %s. %s", model.name, error)
    else:
        if moved:
            _log.info("%d watches moved to model %s.", moved, model.name)
