"""Open a table by the format that its name, its first line or the caller tells."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.sources.delimiters import is_row, recognise_delimiter
from clipsql.sources.lines import FileLines, Lines, PassingLines
from clipsql.sources.parquet import ParquetTable
from clipsql.sources.tables import DelimitedTable, JsonLinesTable, Table

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


def open_table(
    path: Path,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    column_map: Mapping[str, str],
    stdin: Iterable[bytes] | None = None,
) -> Table:
    """The table in a file, or for the path "-" of standard input.

    Its format is `file_format` (of TEXT_FORMATS), else what its name or its first line tells. Raises SourceError.
    """
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
