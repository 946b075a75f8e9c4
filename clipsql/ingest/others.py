"""Embed what an ingest brought in under the other models that pictures are kept under, without waiting for a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, require_model
from clipsql.db.pictures import missing
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import load_encoder
from clipsql.errors import ConfigurationError, ModelError
from clipsql.extras import require_extra
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.ingest.reports import Problem
from clipsql.web.downloads import DownloadOptions

_log = logging.getLogger(__name__)


def embed_under_others(
    engine: Engine,
    model: ModelRow,
    options: IngestOptions,
    *,
    downloads: DownloadOptions | None,
    device: str | None,
    dtype: str | None,
    on_problem: Callable[[Problem], None] = lambda _problem: None,
) -> None:
    """Embed what just came into the collection under the models that its pictures are kept under beside `model`.

    What cannot be loaded here is left to workers, with a warning. Raises DatabaseError.
    """
    with database_errors(engine), autocommit_connection(engine) as connection:
        names = missing.awaited_models(connection, collection=options.collection)
    for name in names:
        if name == model.name:
            continue
        try:
            require_extra("web", "This")
            from clipsql.ingest.worker import Worker

            other = require_model(engine, name)
            encoder = load_encoder(other.files, revision=other.revision, device=device, dtype=dtype)
        except (ModelError, ConfigurationError) as error:
            _log.warning("Pictures are kept under model %s, too, which is left to workers. %s", name, error)
            continue
        worker = Worker(
            engine,
            encoder,
            other,
            options=options,
            downloads=downloads,
            collection=options.collection,
            only_fresh=True,
            keeps_attached=False,
        )
        report = worker.run(until_empty=True, on_problem=on_problem)
        embedded = report.outcomes.total() - report.outcomes[Outcome.FAILED]
        _log.info("Embedded %s pictures under model %s, too.", f"{embedded:,}", name)
        if report.failed:
            _log.warning(
                "%s pictures could not be had for model %s; clipsql.model_failure names them.",
                f"{report.failed:,}",
                name,
            )
