"""`clipsql ingest`: pictures of a folder, a manifest or a list of URLs into the database."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.pruning import prune_gone
from clipsql.cli.reading_options import reading_options
from clipsql.cli.region_options import Grid
from clipsql.cli.reports import end_by_report, problems_into, report_option, show_report
from clipsql.cli.sampling_options import sampling_options
from clipsql.cli.source_options import SourceOpener, source_options
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.db.shards.listing import refuse_shards
from clipsql.errors import FailureClass
from clipsql.sources import Source, VectorSource
from clipsql.sources.sampling import Sampling

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from clipsql.db.models import ModelRow
    from clipsql.encoding import Encoder
    from clipsql.ingest.reports import IngestReport

_log = logging.getLogger(__name__)

ANY_FAILURE = "any"
_FAILURES = [ANY_FAILURE, *(failure.value for failure in FailureClass)]


class _Ingest(click.Command):
    """Lets --retry-failed stand alone: click would take the source after it for the class of failure."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        alone = [
            number
            for number, (option, value) in enumerate(pairwise([*args, ""]))
            if option == "--retry-failed" and value not in _FAILURES
        ]
        for number in alone:
            args[number] = f"--retry-failed={ANY_FAILURE}"
        return super().parse_args(ctx, args)


@click.command(cls=_Ingest)
@source_options
@click.option("--collection", default="default", show_default=True, metavar="NAME")
@click.option(
    "--model", metavar="NAME|FOLDER", help="Default: the database's, else openai/clip-vit-base-patch32."
)
@click.option("--language", default="en", show_default=True, help="Of captions in Latin script, ISO 639-1.")
@click.option(
    "--retry-failed",
    type=click.Choice(_FAILURES),
    metavar="[CLASS]",
    help='Try again what failed before, or of that one class of "clipsql stats": --retry-failed timeout.',
)
@click.option("--refresh", is_flag=True, help="Download again what was downloaded before.")
@click.option(
    "--validate-only", is_flag=True, help="Store which pictures can be had and decoded; embed none."
)
@click.option("--enqueue-only", is_flag=True, help='Leave all pictures to "clipsql worker".')
@click.option(
    "--prune",
    is_flag=True,
    help="In the end, remove from the collection what SOURCE no longer has; asks first.",
)
@click.option("--yes", is_flag=True, help="Do not ask before --prune removes pictures.")
@click.option(
    "--tiles",
    type=Grid(),
    metavar="COLUMNSxROWS",
    help="In the end, lay this grid over each picture of the collection; its parts are regions.",
)
@sampling_options
@reading_options
@encoder_options
@report_option
@json_option
@database_option
@goes_on
def ingest(
    settings: Settings,
    open_it: SourceOpener,
    collection: str,
    model: str | None,
    language: str,
    retry_failed: str | None,
    refresh: bool,
    validate_only: bool,
    enqueue_only: bool,
    prune: bool,
    yes: bool,
    tiles: tuple[int, int] | None,
    sampling: Sampling,
    reading: dict[str, Any],
    downloads: dict[str, Any],
    device: str | None,
    dtype: str | None,
    report_file: Path | None,
    as_json: bool,
) -> None:
    """Bring pictures, captions and their embeddings from SOURCE into the database.

    SOURCE is a folder, with what lies in it to tell of its pictures (captions.csv, metadata.jsonl, 1.txt or 1.json
    beside 1.jpg); a video, frames of which become pictures, as of those in a folder or a list; tar archives or
    Parquet files with pictures in them; pictures or archives in an object store; a CSV, TSV, JSON (COCO's too),
    JSON-lines or Parquet manifest of local files or of URLs, or - for such a manifest on standard input. What is on the
    web is downloaded, and robots.txt obeyed.
    Pictures whose vectors were made elsewhere are stored with these, under the --model that they belong to: a column
    of a Parquet file (--map embedding=COLUMN), .npy files beside any list (--embeddings), a .npz file of arrays by
    name; captions may bring theirs, too (--caption-embeddings).
    Running it again does only what is new or changed.
    No picture that fails and no row that cannot be used keeps another out; the exit code is 1 when there was one.

    With --prune, once SOURCE was read to its end, pictures of the collection that it no longer has are removed: after a
    folder, those whose files lay in it and are gone; after anything else, all that it does not name, so give it a
    collection of its own. There nothing is removed when a row does not tell which picture it is about.

    \b
    clipsql ingest photos/ --collection holidays
    clipsql ingest frames.csv --collection traffic --map file=frame --text camera
    clipsql ingest "shards/train-*.tar" --collection train
    clipsql ingest s3://bucket/photos --collection photos
    clipsql ingest gate.mp4 --collection gate --every 1s --recorded-at 2026-03-16T08:00+08:00
    clipsql ingest captions_val2017.json --base-folder val2017/ --collection coco
    clipsql ingest cc3m.tsv --collection cc3m --timeout 10 --thumbnails
    clipsql ingest cc3m.tsv --collection cc3m --retry-failed timeout --report problems.jsonl
    clipsql ingest photos/ --collection holidays --prune
    clipsql ingest gates/ --collection gates --tiles 3x2
    clipsql ingest vectors.parquet --map embedding=vector --model other-vectors --collection shop
    clipsql ingest metadata/ --embeddings img_emb/ --model other-vectors --collection laion
    clipsql ingest --query "select photo_url as url, title as caption from product" --collection shop
    """
    if yes and not prune:
        raise click.UsageError("--yes answers what --prune asks; give both.")
    if validate_only and enqueue_only:
        raise click.UsageError("--validate-only and --enqueue-only exclude each other; choose one.")
    source = open_it(settings, reading["timezone"])
    if isinstance(source, VectorSource):
        _refuse_pointless()
        _ingest_vectors(
            settings,
            source,
            collection=collection,
            model=model,
            language=language,
            report_file=report_file,
            as_json=as_json,
        )
        return
    total = source.count()
    with open_database(settings) as engine:
        # torch takes seconds to import: only once the source and the database are known to be good.
        from clipsql.ingest.readings import IngestOptions, Outcome
        from clipsql.ingest.updating import bring_up_to_date
        from clipsql.search.over_shards import ingest_over_shards
        from clipsql.web.downloading import DownloadOptions

        if prune:
            refuse_shards(engine, "--prune")
        for warning in source.warnings():
            _log.warning(warning)
        row, encoder = _model(
            engine, model, encodes=not (validate_only or enqueue_only), device=device, dtype=dtype
        )
        options = IngestOptions(
            **reading,
            collection=collection,
            retry_failed=retry_failed is not None,
            retry_class=None if retry_failed in (None, ANY_FAILURE) else FailureClass(retry_failed),
            refresh=refresh,
            validate_only=validate_only,
            enqueue_only=enqueue_only,
            find_gone=prune,
            language=language,
            sampling=sampling,
            tiles=tiles,
        )
        with problems_into(report_file) as on_problem, Progress("pictures", total=total) as progress:
            failed = 0

            def show(outcome: Outcome) -> None:
                nonlocal failed
                if outcome is Outcome.QUEUED and not enqueue_only:
                    return  # its turn comes
                failed += outcome in (Outcome.FAILED, Outcome.FAILED_BEFORE)
                progress.advance(failed=failed)

            def into(target: Engine, part: Source, row: ModelRow | None) -> IngestReport:
                return bring_up_to_date(
                    target,
                    part,
                    encoder,
                    row,
                    options,
                    downloads=DownloadOptions(**downloads),
                    device=device,
                    dtype=dtype,
                    on_outcome=show,
                    on_problem=on_problem,
                )

            report = ingest_over_shards(engine, source, row, into)
        show_report(
            report,
            collection,
            None if row is None else row.name,
            report_file=report_file,
            as_json=as_json,
            passed_over=source.passed_over(),
        )
        if prune:
            prune_gone(engine, source, report, collection=collection, yes=yes, as_json=as_json)
    end_by_report(report, report_file=report_file)


def _refuse_pointless() -> None:
    """Raise UsageError for an option that is about reading or encoding pictures, which vectors are in place of."""
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "")
        if option.name in _OF_PICTURES and given is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option.opts[-1]} is about pictures that are read; with vectors made elsewhere none is."
            )


_OF_PICTURES = {
    "every", "keyframes", "scenes", "retry_failed", "refresh", "validate_only", "enqueue_only", "prune", "yes",
    "tiles", "max_megapixels", "store_images",
    "thumbnails", "concurrency", "per_host", "timeout_s", "max_mb", "allow_private_hosts", "ignore_robots",
    "user_agent_contact", "device", "dtype",
}  # fmt: skip


def _ingest_vectors(
    settings: Settings,
    source: VectorSource,
    *,
    collection: str,
    model: str | None,
    language: str,
    report_file: Path | None,
    as_json: bool,
) -> None:
    """Store pictures with the vectors that the source has, without the packages that make vectors."""
    from clipsql.db.models import require_model
    from clipsql.ingest.vectors import ingest_vectors
    from clipsql.search.over_shards import ingest_over_shards

    with open_database(settings) as engine:
        row = require_model(engine, model)
        for warning in source.warnings():
            _log.warning(warning)
        with (
            problems_into(report_file) as on_problem,
            Progress("pictures", total=source.count()) as progress,
        ):
            stored = 0

            def into(target: Engine, part: Source, row: ModelRow | None) -> IngestReport:
                nonlocal stored
                assert isinstance(part, VectorSource)
                assert row is not None
                before = stored
                report = ingest_vectors(
                    target,
                    row,
                    part,
                    collection=collection,
                    language=language,
                    on_stored=lambda pictures: progress.reach(before + pictures),
                    on_problem=on_problem,
                )
                stored += sum(report.outcomes.values())
                return report

            report = ingest_over_shards(engine, source, row, into)
    show_report(report, collection, row.name, report_file=report_file, as_json=as_json)
    end_by_report(report, report_file=report_file)


def _model(
    engine: Engine, name: str | None, *, encodes: bool, device: str | None, dtype: str | None
) -> tuple[ModelRow | None, Encoder | None]:
    """The model, loaded when it shall encode; otherwise what the database knows of it, which needs no torch."""
    if encodes:
        from clipsql.models import open_model

        return open_model(engine, name, device=device, dtype=dtype)
    from clipsql.db.models import find_model, require_model

    return (require_model(engine, name) if name else find_model(engine)), None
