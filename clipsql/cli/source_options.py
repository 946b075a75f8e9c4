"""Options of `clipsql ingest` that name a source of pictures and say how to understand it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import click

from clipsql.cli.options import Command, Instant
from clipsql.config import Settings
from clipsql.db.opening import database_url
from clipsql.sources import (
    TEXT_FORMATS,
    Source,
    holds_vectors,
    open_query,
    open_source,
    open_vectors,
)

SourceOpener: TypeAlias = Callable[[Settings, dt.tzinfo], Source]
"""Opens the source that the options name; the time zone is that of times without offset."""


class _Columns(TypedDict):
    """How to understand the columns of any source."""

    column_map: Mapping[str, str]
    text_columns: Collection[str]
    base_folder: Path | None
    timezone: dt.tzinfo
    allow_file_urls: bool


class Delimiter(click.ParamType[str]):
    """One character; a tab may be written as a word, or as programs do."""

    name = "character"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The character itself."""
        character = "\t" if value.lower() in ("tab", "\\t") else value
        if len(character) != 1 or character in '"\r\n':
            self.fail(f'"{value}" is no delimiter; give one character, or the word tab.', param, ctx)
        return character


_OPTIONS = (
    click.argument("source", type=click.Path(path_type=Path, allow_dash=True), required=False),
    click.option(
        "--query", metavar="SQL", help="Instead of SOURCE: rows of a query, with columns as in a manifest."
    ),
    click.option(
        "--query-url", metavar="URL", help="PostgreSQL to ask by --query; default: clipsql's own database."
    ),
    click.option(
        "--format",
        "file_format",
        type=click.Choice(list(TEXT_FORMATS)),
        help="Of SOURCE; default: by its ending, else by its first line.",
    ),
    click.option(
        "--delimiter",
        type=Delimiter(),
        help="Between the fields of a CSV, such as ; or tab; default: what its header tells.",
    ),
    click.option(
        "--map",
        "mappings",
        multiple=True,
        metavar="OURS=THEIRS",
        help="Column of the manifest for file, url, caption, taken_at, longitude or latitude: --map caption=title,alt; "
        "in Parquet and .npz for embedding and caption_embedding, too.",
    ),
    click.option(
        "--embeddings",
        type=click.Path(path_type=Path),
        metavar="FILE.npy",
        help="Vectors made elsewhere, one for each row of SOURCE; a folder or pattern if both are in parts.",
    ),
    click.option(
        "--caption-embeddings",
        type=click.Path(path_type=Path),
        metavar="FILE.npy",
        help="The same for the caption of each row, beside the vectors of pictures.",
    ),
    click.option("--text", "text_columns", multiple=True, metavar="COLUMN", help="Keep a column as text."),
    click.option(
        "--base-folder",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Where relative files lie; default: the manifest's folder.",
    ),
    click.option(
        "--allow-file-urls",
        is_flag=True,
        help="Read files of this machine for file: addresses of a list, too.",
    ),
    click.option(
        "--recorded-at",
        type=Instant(),
        help="When the one video begins that is SOURCE; default: what lies beside it, its container or its name says.",
    ),
)


def source_options(command: Command) -> Command:
    """SOURCE and its columns; the command gets them as one `open_it`."""

    @functools.wraps(command)
    def with_source(
        *args: Any,
        source: Path | None,
        query: str | None,
        query_url: str | None,
        file_format: str | None,
        delimiter: str | None,
        mappings: tuple[str, ...],
        embeddings: Path | None,
        caption_embeddings: Path | None,
        text_columns: tuple[str, ...],
        base_folder: Path | None,
        allow_file_urls: bool,
        recorded_at: dt.datetime | None,
        **given: Any,
    ) -> Any:
        if (source is None) == (query is None):
            raise click.UsageError("Name one source of pictures: a folder, a manifest, - or --query.")
        files = {"embeddings": embeddings, "caption_embeddings": caption_embeddings}
        named = [f"--{name.replace('_', '-')}" for name, file in files.items() if file is not None]
        if named and source is None:
            raise click.UsageError(f"{named[0]} go with the rows of a SOURCE, not with --query.")
        if recorded_at is not None and source is None:
            raise click.UsageError("--recorded-at is of a video as SOURCE, not of a --query.")

        def open_it(settings: Settings, timezone: dt.tzinfo) -> Source:
            columns: _Columns = {
                "column_map": _column_map(mappings),
                "text_columns": text_columns,
                "base_folder": base_folder,
                "timezone": timezone,
                "allow_file_urls": allow_file_urls,
            }
            if source is not None and (named or holds_vectors(source, columns["column_map"])):
                if recorded_at is not None:
                    raise click.UsageError(f"--recorded-at is of a video, not of {source.name}.")
                return open_vectors(source, file_format=file_format, delimiter=delimiter, **files, **columns)
            if source is not None:
                begins = recorded_at
                if begins is not None and begins.tzinfo is None:
                    begins = begins.replace(tzinfo=timezone)
                return open_source(
                    source, file_format=file_format, delimiter=delimiter, recorded_at=begins, **columns
                )
            assert query is not None
            return open_query(query, query_url or database_url(settings), **columns)

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
