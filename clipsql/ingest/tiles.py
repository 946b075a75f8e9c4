"""Lay tiles over what an ingest brought in, and embed them, without waiting for a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.db.regions import tile
from clipsql.encoding import Encoder
from clipsql.extras import require_extra
from clipsql.ingest.readings import IngestOptions
from clipsql.ingest.reports import Problem
from clipsql.web.downloads import DownloadOptions

_log = logging.getLogger(__name__)


def embed_tiles(
    engine: Engine,
    encoder: Encoder,
    model: ModelRow,
    options: IngestOptions,
    *,
    downloads: DownloadOptions | None,
    on_problem: Callable[[Problem], None] = lambda _problem: None,
) -> None:
    """Lay the grid of the options over each embedded picture of the collection, in the place of other tiles.

    Its parts wait in the queue as other regions do, and are embedded from there: what is broken off goes on with the
    next ingest or worker. Raises DatabaseError, ConfigurationError.
    """
    if options.tiles is None:
        return
    require_extra("web", "Embedding tiles")
    from clipsql.ingest.worker import Worker

    columns, rows = options.tiles
    added, removed = tile(engine, options.collection, columns=columns, rows=rows)
    _log.info("Added %s tiles and removed %s.", f"{added:,}", f"{removed:,}")
    worker = Worker(
        engine,
        encoder,
        model,
        options=options,
        downloads=downloads,
        collection=options.collection,
        keeps_attached=False,
    )
    worker.run(until_empty=True, on_problem=on_problem)
