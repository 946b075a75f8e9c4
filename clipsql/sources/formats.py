"""Open a table by the format that its name, its first line or the caller tells."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.sources.delimiters import is_row, recognise_delimiter
from clipsql.sources.json_files import open_json
from clipsql.sources.lines import FileLines, Lines, PassingLines
from clipsql.sources.parquet import ParquetParts, ParquetTable
from clipsql.sources.parts import PARQUET, find_parts
from clipsql.sources.tables import DelimitedTable, JsonLinesTable, Table

TEXT_FORMATS = {"csv": ",", "tsv": "\t", "jsonl": None, "json": None}
"""Formats that a stream of lines may have, and what usually separates their fields."""

_ENDINGS: dict[str, str | None] = {
    ".csv": "csv",
    ".csv000": "csv",  # the Unsplash dataset numbers its parts
    ".tsv": "tsv",
    ".tsv000": "tsv",
    ".txt": None,  # an address a line, or anything
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
}
"""Ending of a file's name, before .gz if it is compressed -> its format, None if only the first line tells."""

_LISTED = "a manifest that ends in .csv, .tsv, .txt, .jsonl, .ndjson or .json, or one of these with .gz, or in .parquet"


def open_table(
    path: Path,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    column_map: Mapping[str, str],
    base_folder: Path | None = None,
    stdin: Iterable[bytes] | None = None,
) -> Table:
    """The table in a file, or for the path "-" of standard input.

    Its format is `file_format` (of TEXT_FORMATS), else what its name or its first line tells. Raises SourceError.
    """
    if str(path) == "-":
        lines: Lines = PassingLines(sys.stdin.buffer if stdin is None else stdin)
    elif not path.exists():
        raise SourceError(f'"{path}" does not exist; name a folder or a manifest that does.')
    elif file_format is None and path.name.lower().endswith(PARQUET):
        return ParquetTable(path)
    else:
        lines = FileLines(path)
        ending = Path(path.name.lower().removesuffix(".gz")).suffix
        if file_format is None and delimiter is None and ending not in _ENDINGS:
            raise SourceError(
                f'"{path.name}" is of no known kind; name a folder of pictures, an archive .tar, or {_LISTED}.'
            )
        file_format = file_format or _ENDINGS.get(ending)
    if delimiter is not None:
        return DelimitedTable(lines, delimiter)
    file_format = file_format or _likely_format(lines)
    if file_format == "json":
        return open_json(lines, base_folder or lines.folder)
    usual = TEXT_FORMATS[file_format]
    if usual is None:
        return JsonLinesTable(lines)
    mapped = [name for names in column_map.values() for name in (names, *names.split(","))]
    return DelimitedTable(lines, recognise_delimiter(lines, usual=usual, mapped=mapped))


def find_parquet_parts(path: Path) -> ParquetParts | None:
    """The Parquet files below a folder, or that a pattern names, as one table; None where there are none."""
    if path.is_file() or not (files := find_parts(path, PARQUET)):
        return None
    return ParquetParts(path, tuple(ParquetTable(file) for file in files))


def _likely_format(lines: Lines) -> str:
    first = next((line for line in lines.read() if line.strip()), "")
    if first.lstrip().startswith(("{", "[")):
        return "jsonl" if first.lstrip().startswith("{") else "json"
    # A line that is one address or file name may well hold commas.
    return "tsv" if "\t" in first or is_row([first]) else "csv"
