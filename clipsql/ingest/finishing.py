"""What every bulk load ends with: indexes, statistics, search rows, the sample for percentiles."""

from __future__ import annotations

import logging

from sqlalchemy.engine import Engine

from clipsql.db import indexes, percentile_samples, search_rows
from clipsql.db.models import ModelRow
from clipsql.db.partitions import EMBEDDING_TABLES
from clipsql.db.pictures import writing
from clipsql.ingest.readings import Outcome
from clipsql.ingest.reports import IngestReport

_log = logging.getLogger(__name__)

_ROWS_THAT_NEED_AN_INDEX = 10_000
"""Fewer are compared in some ten milliseconds."""


def finish(engine: Engine, model: ModelRow | None, report: IngestReport, *, collection: str | None) -> None:
    """Build indexes and search rows after the first bulk load; bring statistics and the collection's sample up to date.

    `collection` None stands for all.
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
