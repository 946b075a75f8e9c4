"""Options of `clipsql ingest` that name a source of pictures and say how to understand it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from clipsql.cli.options import Command
from clipsql.sources import Source, open_source

SourceOpener: TypeAlias = Callable[[dt.tzinfo], Source]
"""Opens the source that the options name; the time zone is that of times without offset."""

_OPTIONS = (
    click.argument("source", type=click.Path(path_type=Path)),
    click.option(
        "--map",
        "mappings",
        multiple=True,
        metavar="OURS=THEIRS",
        help="Column of the manifest for file, url, caption, taken_at, longitude or latitude: --map caption=title,alt",
    ),
    click.option("--text", "text_columns", multiple=True, metavar="COLUMN", help="Keep a column as text."),
    click.option(
        "--base-folder",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Where relative files lie; default: the manifest's folder.",
    ),
)


def source_options(command: Command) -> Command:
    """SOURCE and its columns; the command gets them as one `open_it`."""

    @functools.wraps(command)
    def with_source(
        *args: Any,
        source: Path,
        mappings: tuple[str, ...],
        text_columns: tuple[str, ...],
        base_folder: Path | None,
        **given: Any,
    ) -> Any:
        def open_it(timezone: dt.tzinfo) -> Source:
            return open_source(
                source,
                column_map=_column_map(mappings),
                text_columns=text_columns,
                base_folder=base_folder,
                timezone=timezone,
            )

        return command(*args, open_it=open_it, **given)

    wrapped: Command = with_source
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


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
