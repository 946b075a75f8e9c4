"""Read folders, manifests, queries and standard input as one kind of record."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, tzinfo
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.sources.delimiters import is_row, recognise_delimiter
from clipsql.sources.discovery import has_pictures
from clipsql.sources.folder import open_folder
from clipsql.sources.lines import FileLines, Lines, PassingLines
from clipsql.sources.manifest import open_manifest
from clipsql.sources.parquet import ParquetTable, open_parquet_folder
from clipsql.sources.query import QueryTable
from clipsql.sources.source import Source
from clipsql.sources.tables import DelimitedTable, JsonLinesTable, Table

__all__ = ["TEXT_FORMATS", "Source", "open_query", "open_source"]

TEXT_FORMATS = {"csv": ",", "tsv": "\t", "jsonl": None}
"""Formats that a stream of lines may have, and what usually separates their fields."""

_ENDINGS: dict[str, str | None] = {
    ".csv": "csv",
    ".csv000": "csv",  # the Unsplash dataset numbers its parts
    ".tsv": "tsv",
    ".tsv000": "tsv",
    ".txt": None,  # an address a line, or anything
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""Ending of a file's name, before .gz if it is compressed -> its format, None if only the first line tells."""

_LISTED = (
    "a manifest that ends in .csv, .tsv, .txt, .jsonl or .ndjson, or one of these with .gz, or in .parquet"
)


def open_source(
    path: Path,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
    stdin: Iterable[bytes] | None = None,
) -> Source:
    """The pictures of a folder, of a manifest, or for the path "-" of standard input.

    A folder without pictures may hold the parts of one manifest as Parquet files.
    A manifest's format is `file_format` (of TEXT_FORMATS), else what the ending of its name says, else what its
    first line looks like. What separates the fields of CSV is `delimiter`, by default what the header tells.
    `column_map` is {our name: their column}; `text_columns` keep their values as text;
    relative files lie in `base_folder`, by default the manifest's own; `timezone` holds for times without an
    offset; `allow_file_urls` lets file: addresses name files of this machine, as a column of files does.
    Raises SourceError when there is nothing to read, and while iterating for a line that cannot be used.
    """
    parts = None
    if path.is_dir():
        parts = None if has_pictures(path) else open_parquet_folder(path)
        if parts is None:
            return open_folder(path, column_map=column_map or {})
    return open_manifest(
        parts or _table(path, file_format, delimiter, column_map or {}, stdin),
        column_map=column_map or {},
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
        allow_file_urls=allow_file_urls,
    )


def open_query(
    query: str,
    url: str,
    *,
    column_map: Mapping[str, str] | None = None,
    text_columns: Collection[str] = (),
    base_folder: Path | None = None,
    timezone: tzinfo = UTC,
    allow_file_urls: bool = False,
) -> Source:
    """The pictures that an SQL query names, in the PostgreSQL database at `url`; otherwise as `open_source`."""
    return open_manifest(
        QueryTable(query, url),
        column_map=column_map or {},
        text_columns=text_columns,
        base_folder=base_folder,
        timezone=timezone,
        allow_file_urls=allow_file_urls,
    )


def _table(
    path: Path,
    file_format: str | None,
    delimiter: str | None,
    column_map: Mapping[str, str],
    stdin: Iterable[bytes] | None,
) -> Table:
    if str(path) == "-":
        lines: Lines = PassingLines(sys.stdin.buffer if stdin is None else stdin)
        return _text_table(lines, file_format, delimiter, column_map)
    if not path.exists():
        raise SourceError(f'"{path}" does not exist; name a folder or a manifest that does.')
    name = path.name.lower()
    if file_format is None and name.endswith(".parquet"):
        return ParquetTable(path)
    ending = Path(name.removesuffix(".gz")).suffix
    if file_format is None and delimiter is None and ending not in _ENDINGS:
        raise SourceError(f'"{path.name}" is of no known kind; name a folder of pictures, or {_LISTED}.')
    return _text_table(FileLines(path), file_format or _ENDINGS.get(ending), delimiter, column_map)


def _text_table(
    lines: Lines, file_format: str | None, delimiter: str | None, column_map: Mapping[str, str]
) -> Table:
    if delimiter is not None:
        return DelimitedTable(lines, delimiter)
    usual = TEXT_FORMATS[file_format or _likely_format(lines)]
    if usual is None:
        return JsonLinesTable(lines)
    mapped = [name for names in column_map.values() for name in (names, *names.split(","))]
    return DelimitedTable(lines, recognise_delimiter(lines, usual=usual, mapped=mapped))


def _likely_format(lines: Lines) -> str:
    first = next((line for line in lines.read() if line.strip()), "")
    if first.lstrip().startswith("{"):
        return "jsonl"
    # A line that is one address or file name may well hold commas.
    return "tsv" if "\t" in first or is_row([first]) else "csv"
