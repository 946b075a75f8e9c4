"""`clipsql ingest`: pictures of a folder, a manifest or a list of URLs into the database."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.output import note, show_json
from clipsql.cli.reading_options import reading_options
from clipsql.cli.source_options import SourceOpener, source_options
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.errors import FailureClass, SourceError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from clipsql.db.models import ModelRow
    from clipsql.encoding import Encoder
    from clipsql.ingest.readings import IngestReport

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
@reading_options
@encoder_options
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
    reading: dict[str, Any],
    downloads: dict[str, Any],
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Bring pictures, captions and their embeddings from SOURCE into the database.

    SOURCE is a folder (a captions.tsv or captions.csv in it is used), a CSV, TSV, JSON-lines or Parquet manifest of
    local files or of URLs, or - for such a manifest on standard input. What is on the web is downloaded, and
    robots.txt obeyed. Running it again does only what is new or changed.

    \b
    clipsql ingest photos/ --collection holidays
    clipsql ingest frames.csv --collection traffic --map file=frame --text camera
    clipsql ingest cc3m.tsv --collection cc3m --timeout 10 --thumbnails
    clipsql ingest cc3m.tsv --collection cc3m --retry-failed timeout
    clipsql ingest --query "select photo_url as url, title as caption from product" --collection shop
    """
    if validate_only and enqueue_only:
        raise click.UsageError("--validate-only and --enqueue-only exclude each other; choose one.")
    source = open_it(settings, reading["timezone"])
    total = source.count()
    with open_database(settings) as engine:
        # torch takes seconds to import: only once the source and the database are known to be good.
        from clipsql.ingest.indexer import Indexer
        from clipsql.ingest.readings import IngestOptions, Outcome
        from clipsql.web.downloading import DownloadOptions

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
            language=language,
        )
        with Progress("pictures", total=total) as progress:
            failed = 0

            def show(outcome: Outcome) -> None:
                nonlocal failed
                if outcome is Outcome.QUEUED and not enqueue_only:
                    return  # its turn comes
                failed += outcome in (Outcome.FAILED, Outcome.FAILED_BEFORE)
                progress.advance(failed=failed)

            report = Indexer(engine, encoder, row, downloads=DownloadOptions(**downloads)).ingest(
                source,
                options,
                on_outcome=show,
            )
    show_report(report, collection, None if row is None else row.name, as_json=as_json)
    if report.left_out:
        count = report.outcomes[Outcome.DUPLICATE] + report.outcomes[Outcome.UNUSABLE]
        raise SourceError(f"Rows that were left out: {count:,}, the first: {report.left_out[0]}")


def _model(
    engine: Engine, name: str | None, *, encodes: bool, device: str | None, dtype: str | None
) -> tuple[ModelRow | None, Encoder | None]:
    """The model, loaded when it shall encode; otherwise what the database knows of it, which needs no torch."""
    if encodes:
        from clipsql.models import open_model

        return open_model(engine, name, device=device, dtype=dtype)
    from clipsql.db.models import find_model, require_model

    return (require_model(engine, name) if name else find_model(engine)), None


def show_report(report: IngestReport, collection: str | None, model: str | None, *, as_json: bool) -> None:
    """What an ingest or a worker did: a sentence, or a JSON line."""
    from clipsql.ingest.readings import Outcome

    if as_json:
        # Every count, so that a program need not know which may be absent.
        counts = {outcome.replace(" ", "_"): report.outcomes[outcome] for outcome in Outcome}
        show_json(
            {
                "collection": collection,
                "model": model,
                **counts,
                "captions_added": report.captions,
                "seconds": round(report.seconds, 3),
                "failures": report.failures,
                "left_out": report.left_out,
                "remarks": report.remarks,
            }
        )
        return
    for failure in report.failures:
        note(f"Failed: {failure}")
    for remark in report.remarks:
        note(f"Note: {remark}")
    if report.remarked > len(report.remarks):
        note(f"Note: and {report.remarked - len(report.remarks):,} more of this kind")
    parts = [f"{report.outcomes[outcome]:,} {outcome}" for outcome in Outcome if report.outcomes[outcome]]
    rate = sum(report.outcomes.values()) / max(report.seconds, 1e-9)
    where = "All collections" if collection is None else f"Collection {collection}"
    click.echo(
        f"{where}: {', '.join(parts) or 'nothing to do'}; {report.captions:,} captions added; "
        f"{report.seconds:.1f} s, {rate:.0f} pictures/s."
    )
    if report.outcomes[Outcome.FAILED_BEFORE]:
        note("What failed before was left alone; --retry-failed tries it again.")
