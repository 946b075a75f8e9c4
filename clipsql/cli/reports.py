"""What an ingest or a worker tells in the end: counts, the first problems, a file with every one, the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from clipsql.cli.options import Command
from clipsql.cli.output import note, show_json
from clipsql.errors import ConfigurationError, SourceError
from clipsql.picture import file_of

if TYPE_CHECKING:
    from clipsql.ingest.reports import IngestReport, Problem

_BEGINNING = b'{"outcome": "'
_LONGEST_SHOWN = 200
"""Characters of an address that people are shown; the report file has it whole."""


def report_option(command: Command) -> Command:
    """`--report`; the command gets `report_file`."""
    return click.option(
        "--report",
        "report_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write every picture that failed and every row left out, a JSON line each.",
    )(command)


@contextmanager
def problems_into(report_file: Path | None) -> Iterator[Callable[[Problem], None]]:
    """What writes each problem to the file at once, as a whole line; to nowhere when there is no file.

    The file is made anew, unless it is another than an earlier report: that may be somebody's list. Raises
    ConfigurationError then, and when a line cannot be written.
    """
    if report_file is None:
        yield lambda _problem: None
        return
    with _errors_named(report_file):
        if not _is_report(report_file):
            raise ConfigurationError(
                f'"{report_file}" is there and no report; name another file by --report.'
            )
        file = FileIO(report_file, "w")
    with file:

        def write(problem: Problem) -> None:
            with _errors_named(report_file):
                _write_line(file, json.dumps(asdict(problem)).encode() + b"\n")

        yield write


def show_report(
    report: IngestReport,
    collection: str | None,
    model: str | None,
    *,
    report_file: Path | None,
    as_json: bool,
    passed_over: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """What an ingest or a worker did: a sentence, or a JSON line; for people also the first problems and remarks.

    `passed_over` are files that the source has besides pictures, counted by ending.
    """
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
                "problems": [asdict(problem) for problem in report.problems],
                "remarks": report.remarks,
                "passed_over": dict(passed_over),
            }
        )
        return
    for problem in report.problems:
        note(_shown(problem))
    more = report.failed + report.left_out - len(report.problems)
    if more:
        note(f"and {more:,} more; {report_file or '--report FILE'} has every one.")
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
    if passed_over:
        counted = (f"{count:,} {ending or 'without an ending'}" for ending, count in passed_over.items())
        note(f"Passed over, by the endings of their names: {', '.join(counted)}.")


def end_by_report(report: IngestReport, *, report_file: Path | None) -> None:
    """Raise SourceError, which is exit code 1, when a picture failed in this run or a row was left out."""
    told = []
    if report.failed:
        told.append(f"Pictures that failed: {report.failed:,}")
    if report.left_out:
        told.append(f"{'rows' if told else 'Rows'} that were left out: {report.left_out:,}")
    if told:
        raise SourceError(
            f"{', '.join(told)}; all others are stored. {report_file or '--report FILE'} has every one."
        )


def _shown(problem: Problem) -> str:
    if problem.failure is None:
        return f"Left out: {_short(problem.reason)}"
    from clipsql.ingest.readings import printable

    url = problem.url or ""
    return f"Failed: {printable(_short(str(file_of(url) or url)))}: {problem.reason}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _is_report(file: Path) -> bool:
    """Whether an earlier report, or nothing, is lost when the file is written."""
    if not file.is_file():
        return True
    with file.open("rb") as there:
        return there.read(len(_BEGINNING)) in (b"", _BEGINNING)


def _write_line(file: FileIO, line: bytes) -> None:
    """Write the whole line or nothing of it: what a full disk cut off is taken back."""
    written = 0
    try:
        while written < len(line):
            written += file.write(line[written:])
    except OSError:
        if written:
            file.truncate(file.tell() - written)
        raise


@contextmanager
def _errors_named(report_file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f'The report "{report_file}" cannot be written ({error.strerror}); '
            "name a file in a folder that takes it."
        ) from error
