"""Recognise what stands between the fields of a CSV or TSV file: a comma, a semicolon, a bar or a tab."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from clipsql.sources.columns import is_usual
from clipsql.sources.discovery import PICTURE_ENDINGS
from clipsql.sources.lines import Lines

_CANDIDATES = (",", "\t", ";", "|")
_LOOKED_AT = 20
"""Lines: names in quotes may go over several."""

_SAID = re.compile(r'"?sep=([^\r\n])"?\s*', re.IGNORECASE)
_ADDRESS = re.compile(r"\s*(https?://|file:/)\S+\s*", re.IGNORECASE)


def recognise_delimiter(lines: Lines, *, usual: str, mapped: Collection[str]) -> str:
    """What separates the fields: as a first line "sep=;" says, else what makes the header name what columns are for.

    Where no column has a usual or a `mapped` name, it is what makes most columns; of several that do, `usual`.
    Quoted text is not looked into.
    """
    first = list(itertools.islice((line for line in lines.read() if line.strip()), _LOOKED_AT))
    if first and (said := said_delimiter(first[0])):
        return said
    candidates = sorted(_CANDIDATES, key=lambda candidate: candidate != usual)
    headers = {candidate: _header(first, candidate) for candidate in candidates}
    known = {name.strip().lower() for name in mapped}
    named = {candidate: _named(header, known) for candidate, header in headers.items()}
    best = max(candidates, key=lambda candidate: named[candidate])
    return best if any(named[best]) else max(candidates, key=lambda candidate: len(headers[candidate]))


def said_delimiter(line: str) -> str | None:
    """The delimiter that a line says, as spreadsheets write and read it: "sep=;"; None for any other line."""
    said = _SAID.fullmatch(line)
    return said[1] if said else None


def delimited(lines: Iterable[str], delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    """The fields of each row; with tabs quotes are just text."""
    return csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        strict=strict,
    )


def is_row(fields: Sequence[str]) -> bool:
    """Whether the fields of a first line hold what no column is called: an address or the name of a picture file."""
    return any(is_address(field) or is_picture_name(field) for field in fields)


def is_address(field: str) -> bool:
    """Whether a field is an address on the web or of a file."""
    return _ADDRESS.fullmatch(field) is not None


def is_picture_name(field: str) -> bool:
    """Whether a field is the name of a picture file, by its ending."""
    return field.strip().lower().endswith(PICTURE_ENDINGS)


def _header(lines: Sequence[str], delimiter: str) -> Sequence[str]:
    try:
        return next(delimited(lines, delimiter, strict=False), [])
    except csv.Error:
        return []


def _named(header: Sequence[str], mapped: Collection[str]) -> tuple[int, bool, bool]:
    """How many names of known columns the header holds; without a header, whether an address, or a picture's name."""
    return (
        sum(is_usual(field.strip()) or field.strip().lower() in mapped for field in header),
        any(map(is_address, header)),
        any(map(is_picture_name, header)),
    )
