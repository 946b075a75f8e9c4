"""`clipsql worker`: work on the pictures that wait in the database."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.reading_options import reading_options
from clipsql.cli.reports import end_by_report, problems_into, report_option, show_report
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.extras import require_extra

if TYPE_CHECKING:
    from clipsql.db.models import ModelRow
    from clipsql.encoding import Encoder
    from clipsql.ingest.worker import Worker
    from clipsql.ingest.workers import Workers


_log = logging.getLogger(__name__)


@click.command()
@click.option("--collection", metavar="NAME", help="Only pictures of this collection; default: of all.")
@click.option(
    "--model",
    metavar="NAME|FOLDER",
    help="Work for this model alone; default: the database's, else openai/clip-vit-base-patch32, and those that "
    "pictures are kept under beside it.",
)
@click.option("--until-empty", is_flag=True, help="End when nothing is pending, instead of waiting for more.")
@click.option(
    "--lease",
    "lease_s",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="When this worker dies, others take over what it had in hand after this time.",
)
@reading_options
@encoder_options
@report_option
@json_option
@database_option
@goes_on
def worker(
    settings: Settings,
    collection: str | None,
    model: str | None,
    until_empty: bool,
    lease_s: float,
    reading: dict[str, Any],
    downloads: dict[str, Any],
    device: str | None,
    dtype: str | None,
    report_file: Path | None,
    as_json: bool,
) -> None:
    """Download and embed the pictures that wait in the database, beside any number of other workers.

    They wait there because "clipsql ingest LIST --enqueue-only" or plain SQL put them there:
    insert into clipsql.image (collection, url) values ('shop', 'https://...').
    Ctrl-C or SIGTERM finishes what is downloaded and gives back the rest; a second one gives back all at once.
    With --until-empty the exit code is 1 when a picture failed.

    \b
    clipsql worker
    clipsql worker --collection shop --until-empty
    """
    require_extra("web", "A worker")
    with open_database(settings) as engine:
        # torch takes seconds to import: only once the database is known to be good.
        from clipsql.ingest.readings import Outcome, ReadOptions
        from clipsql.ingest.worker import Worker
        from clipsql.ingest.workers import Workers
        from clipsql.models import load_known, open_model
        from clipsql.web.downloading import DownloadOptions

        row, encoder = open_model(engine, model, device=device, dtype=dtype)

        def make(row: ModelRow, encoder: Encoder, *, is_first: bool) -> Worker:
            return Worker(
                engine,
                encoder,
                row,
                options=ReadOptions(**reading),
                downloads=DownloadOptions(**downloads),
                collection=collection,
                lease_s=lease_s,
                follows_default=model is None,
                keeps_attached=is_first,
            )

        def beside(row: ModelRow) -> Worker:
            return make(row, load_known(row, device=device, dtype=dtype), is_first=False)

        first = make(row, encoder, is_first=True)
        # Who names a model works for that alone.
        working = Workers(engine, first, row, beside) if model is None else first
        with (
            problems_into(report_file) as on_problem,
            Progress("pictures") as progress,
            _stopped_by_signals(working),
        ):
            failed = 0

            def show(outcome: Outcome) -> None:
                nonlocal failed
                failed += outcome is Outcome.FAILED
                progress.advance(failed=failed)

            report = working.run(until_empty=until_empty, on_outcome=show, on_problem=on_problem)
    show_report(report, collection, row.name, report_file=report_file, as_json=as_json)
    if until_empty:
        end_by_report(report, report_file=report_file)


@contextmanager
def _stopped_by_signals(working: Worker | Workers) -> Iterator[None]:
    """Within the block the first SIGINT or SIGTERM stops the worker gently, the second one at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        working.stop()
        _log.info("Finishing what is downloaded, giving back the rest; Ctrl-C again gives back all at once.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
