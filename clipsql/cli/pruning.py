"""What `clipsql ingest --prune` removes once a source was read to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from clipsql.cli.logs import Progress
from clipsql.cli.output import agree, show_json
from clipsql.db.collections import count_images
from clipsql.errors import SourceError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from clipsql.ingest.reports import IngestReport
    from clipsql.sources import Source


def prune_gone(
    engine: Engine, source: Source, report: IngestReport, *, collection: str, yes: bool, as_json: bool
) -> None:
    """Remove what the source has no more. Raises SourceError when it cannot be told what it has."""
    from clipsql.db.pictures.removing import remove_pictures

    if report.gone and report.nameless and source.begins is None:
        raise SourceError(
            f"Nothing was removed: {report.nameless:,} of the rows that were left out do not tell which picture they "
            "are about; correct them and run it again."
        )
    removed = 0
    if report.gone:
        of = f"{len(report.gone):,} of the {count_images(engine, collection):,} pictures of collection {collection}"
        if source.begins is None:
            which = f"all that {source.name} does not name, whatever brought them"
        else:
            which = f"those of the folder {source.name} whose files are gone"
        agree(f"Remove {of}: {which}?", yes=yes)
        with Progress("pictures", total=len(report.gone), what="Removing") as progress:
            removed = remove_pictures(engine, report.gone, on_removed=progress.reach)
    if as_json:
        show_json({"collection": collection, "gone": len(report.gone), "removed": removed})
    else:
        click.echo(f"{removed:,} pictures that are gone from {source.name} are removed.")
