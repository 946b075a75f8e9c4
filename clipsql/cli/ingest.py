"""`clipsql ingest`: pictures of a folder or manifest into the database."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from clipsql.cli.options import TimeZone, database_option, encoder_options, json_option
from clipsql.cli.output import note, show_json
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.errors import SourceError
from clipsql.sources import open_source

if TYPE_CHECKING:
    from clipsql.indexing import IngestReport


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--collection", default="default", show_default=True, metavar="NAME")
@click.option(
    "--model", metavar="NAME|FOLDER", help="Default: the database's, else openai/clip-vit-base-patch32."
)
@click.option(
    "--map",
    "mappings",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Column of the manifest for file, url, caption, taken_at, longitude or latitude: --map caption=title,alt",
)
@click.option("--text", "text_columns", multiple=True, metavar="COLUMN", help="Keep a column as text.")
@click.option(
    "--base-folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where relative files lie; default: the manifest's folder.",
)
@click.option(
    "--timezone", type=TimeZone(), default="UTC", show_default=True, help="For times without offset."
)
@click.option("--language", default="en", show_default=True, help="Of captions in Latin script, ISO 639-1.")
@click.option("--retry-failed", is_flag=True, help="Try again what could not be read before.")
@encoder_options
@json_option
@database_option
def ingest(
    settings: Settings,
    source: Path,
    collection: str,
    model: str | None,
    mappings: tuple[str, ...],
    text_columns: tuple[str, ...],
    base_folder: Path | None,
    timezone: dt.tzinfo,
    language: str,
    retry_failed: bool,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Bring pictures, captions and their embeddings from SOURCE into the database.

    SOURCE is a folder (a captions.tsv or captions.csv in it is used), or a CSV, TSV, JSON-lines or Parquet
    manifest of local files. Running it again does only what is new or changed.

    \b
    clipsql ingest photos/ --collection holidays
    clipsql ingest frames.csv --collection traffic --map file=frame --text camera
    """
    opened = open_source(
        source,
        column_map=_column_map(mappings),
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
    )
    total = opened.count()
    with open_database(settings) as engine:
        # torch takes seconds to import: only once the source and the database are known to be good.
        from clipsql.indexing import Indexer, IngestOptions, Outcome
        from clipsql.registering import open_model

        for warning in opened.warnings():
            note(f"Warning: {warning}")
        row, encoder = open_model(engine, model, device=device, dtype=dtype)
        options = IngestOptions(
            collection=collection, retry_failed=retry_failed, language=language, timezone=timezone
        )
        with tqdm(total=total, unit=" pictures", file=sys.stderr, disable=None, dynamic_ncols=True) as bar:
            failed = 0

            def show(outcome: Outcome) -> None:
                nonlocal failed
                failed += outcome in (Outcome.FAILED, Outcome.FAILED_BEFORE)
                bar.set_postfix(failed=failed, refresh=False)
                bar.update()

            report = Indexer(engine, encoder, row).ingest(
                opened,
                options,
                on_outcome=show,
                on_wait=lambda: bar.write(
                    f"Another ingest into collection {collection} is running; waiting for it to end.",
                    sys.stderr,
                ),
                on_index=lambda rows: bar.write(
                    f"Building an HNSW index over {rows:,} vectors ...", sys.stderr
                ),
            )
    _show(report, collection, row.name, as_json=as_json)
    if report.duplicates:
        raise SourceError(
            f"{report.outcomes[Outcome.DUPLICATE]} rows repeat an earlier picture and were left out "
            f"(first: {report.duplicates[0]}); give each picture one row, further captions in further columns."
        )


def _show(report: IngestReport, collection: str, model: str, *, as_json: bool) -> None:
    from clipsql.indexing import Outcome

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
                "duplicates": report.duplicates,
            }
        )
        return
    for failure in report.failures:
        note(f"Failed: {failure}")
    parts = [f"{report.outcomes[outcome]:,} {outcome}" for outcome in Outcome if report.outcomes[outcome]]
    rate = sum(report.outcomes.values()) / max(report.seconds, 1e-9)
    click.echo(
        f"Collection {collection}: {', '.join(parts) or 'nothing to do'}; {report.captions:,} captions added; "
        f"{report.seconds:.1f} s, {rate:.0f} pictures/s."
    )
    if report.outcomes[Outcome.FAILED_BEFORE]:
        note("What failed before was left alone; --retry-failed tries it again.")


def _column_map(mappings: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for mapping in mappings:
        ours, equals, theirs = mapping.partition("=")
        if not equals:
            raise click.BadParameter(f'"{mapping}" has no "="; write it as --map file=img_path.')
        if ours in found and ours != "caption":
            raise click.BadParameter(f"{ours} is mapped twice; only caption may have several columns.")
        found[ours] = f"{found[ours]},{theirs}" if ours in found else theirs
    return found
