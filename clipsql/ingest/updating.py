"""Bring a collection up to date with a source, and what follows from its pictures: other models' vectors, and tiles."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.encoding import Encoder
from clipsql.ingest.indexer import Indexer
from clipsql.ingest.others import embed_under_others
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.ingest.tiles import embed_tiles
from clipsql.sources import Source
from clipsql.web.downloads import DownloadOptions


def bring_up_to_date(
    engine: Engine,
    source: Source,
    encoder: Encoder | None,
    model: ModelRow | None,
    options: IngestOptions,
    *,
    downloads: DownloadOptions | None,
    device: str | None,
    dtype: str | None,
    on_outcome: Callable[[Outcome], None],
    on_problem: Callable[[Problem], None],
) -> IngestReport:
    """As `Indexer.ingest`; then the models that pictures are kept under beside this one follow, then tiles."""
    indexer = Indexer(engine, encoder, model, downloads=downloads)
    report = indexer.ingest(source, options, on_outcome=on_outcome, on_problem=on_problem)
    if encoder is not None and model is not None:
        embed_under_others(
            engine,
            model,
            options,
            downloads=downloads,
            device=device,
            dtype=dtype,
            on_problem=on_problem,
        )
        embed_tiles(engine, encoder, model, options, downloads=downloads, on_problem=on_problem)
    return report
