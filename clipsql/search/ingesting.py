"""What `pictures.ingest` takes, and how it is done: the ingest of the command line as one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from sqlalchemy.engine import Engine

from clipsql.db.calls.arguments import refuse_unknown
from clipsql.db.models import ModelRow
from clipsql.errors import FailureClass
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.ingest.updating import bring_up_to_date
from clipsql.search.over_shards import ingest_over_shards
from clipsql.sources import Source, open_rows, open_source
from clipsql.sources.sampling import Sampling

if TYPE_CHECKING:
    from clipsql.encoding import Encoder
    from clipsql.web.downloading import DownloadOptions

AnySource: TypeAlias = str | Path | Sequence[Mapping[str, Any] | str | Path]
"""A folder, a video, an archive or a manifest by its path, or a list of rows, paths and addresses."""


class SourceArguments(TypedDict, total=False):
    """How to understand the source, as `clipsql ingest --help` tells."""

    file_format: str | None
    delimiter: str | None
    column_map: Mapping[str, str]
    text_columns: Collection[str]
    base_folder: str | Path | None
    timezone: dt.tzinfo
    allow_file_urls: bool
    recorded_at: dt.datetime | None


class IngestArguments(SourceArguments, total=False):
    """How to ingest, as `clipsql ingest --help` tells; `downloads` is how pictures are had from the web."""

    language: str
    retry_failed: bool
    retry_class: FailureClass | None
    refresh: bool
    validate_only: bool
    enqueue_only: bool
    sampling: str
    tiles: tuple[int, int] | None
    max_pixels: int
    store_images: str | Path | None
    thumbnails: bool
    downloads: DownloadOptions


def open_given(source: AnySource, options: IngestArguments) -> Source:
    """The source, understood as the options say. Raises SourceError, and TypeError for an unknown option."""
    refuse_unknown(options, IngestArguments)
    columns = _chosen(options, SourceArguments.__annotations__)
    if isinstance(source, str | Path):
        return open_source(Path(source), **columns)
    return open_rows(source, **columns)


def ingest(
    engine: Engine,
    source: Source,
    encoder: Encoder | None,
    model: ModelRow | None,
    *,
    collection: str,
    progress: Callable[[int, int | None], None],
    on_problem: Callable[[Problem], None],
    options: IngestArguments,
    device: str | None,
    dtype: str | None,
) -> IngestReport:
    """Bring the collection up to date with the source; over all shards where there are some; see `bring_up_to_date`."""
    chosen = _chosen(options, IngestOptions.__dataclass_fields__)
    if "sampling" in chosen:
        chosen["sampling"] = Sampling.read(chosen["sampling"])
    how = IngestOptions(collection=collection, **chosen)
    total, done = source.count(), 0

    def settled(outcome: Outcome) -> None:
        nonlocal done
        if outcome is Outcome.QUEUED and not how.enqueue_only:
            return  # its turn comes
        done += 1
        progress(done, total)

    def into(target: Engine, part: Source, own: ModelRow | None) -> IngestReport:
        return bring_up_to_date(
            target,
            part,
            encoder,
            own,
            how,
            downloads=options.get("downloads"),
            device=device,
            dtype=dtype,
            on_outcome=settled,
            on_problem=on_problem,
        )

    return ingest_over_shards(engine, source, model, into)


def _chosen(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The options of these names; folders may be given as text."""
    chosen = {name: value for name, value in options.items() if name in names}
    folders = {name: Path(chosen[name]) for name in ("base_folder", "store_images") if chosen.get(name)}
    return chosen | folders
