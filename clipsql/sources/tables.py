"""Read the rows of CSV, TSV and JSON lines, one at a time."""

from __future__ import annotations

import csv
import itertools
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.sources.column_types import TYPED_ROWS
from clipsql.sources.lines import Lines

_WEB_ADDRESS = re.compile(r"\s*https?://\S+\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table(ABC):
    """Rows from somewhere; `unit` is what messages count: lines or rows."""

    unit = "line"
    typed = True
    """Whether the values come with their types, or all as text."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    def folder(self) -> Path:
        """Where relative files lie, unless told otherwise."""
        return Path()

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The columns' names. Raises SourceError for a file without any."""

    @abstractmethod
    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line or row number, {column: value}) of every row; `only` tells which columns are needed."""

    def row_count(self) -> int | None:
        """Rows, where that takes no reading of them all."""
        return None

    @property
    def is_small(self) -> bool:
        """Whether reading it all once more costs next to nothing."""
        return False

    def at(self, number: int) -> str:
        """Where a row stands, for messages."""
        return f"{self.name} {self.unit} {number}"


@dataclass(frozen=True, slots=True)
class TextTable(Table):
    """A table of lines of text."""

    lines: Lines

    @property
    def name(self) -> str:
        return self.lines.name

    @property
    def folder(self) -> Path:
        return self.lines.folder

    @property
    def is_small(self) -> bool:
        return self.lines.are_few


@dataclass(frozen=True, slots=True)
class DelimitedTable(TextTable):
    """CSV or TSV with a header line; TSV is read without quoting, so quotes in it are just text.

    A first line with a web address in it is no header but a row, as in Conceptual Captions: then the columns
    are called url, caption, column_3 and so on.
    """

    delimiter: str

    typed = False

    def names(self) -> tuple[str, ...]:
        return self._header(next(self._lines(), (1, []))[1])

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ARG002
        lines = self._lines()
        first = next(lines, (1, []))
        names = self._header(first[1])
        if _is_data(first[1]):
            lines = itertools.chain([first], lines)
        for number, fields in lines:
            if not fields:
                continue
            if len(fields) != len(names):
                raise SourceError(
                    f"{self.at(number)} has {len(fields)} fields, but the header has {len(names)}; "
                    "correct the line."
                )
            yield number, {name: field for name, field in zip(names, fields, strict=True) if name}

    def _header(self, fields: list[str]) -> tuple[str, ...]:
        if _is_data(fields):
            return _usual_names(fields)
        names = tuple(field.strip() for field in fields)
        if not any(names):
            raise SourceError(f"{self.name} is empty; its first line must name the columns.")
        # A column without a name, such as the row numbers that some tools write, is left out.
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            raise SourceError(f'{self.name} has two columns "{twice}"; rename one of them.')
        return names

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(
            self.lines.read(),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_NONE if self.delimiter == "\t" else csv.QUOTE_MINIMAL,
            strict=True,
        )
        number = 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise SourceError(
                    f"{self.at(number)} is no valid CSV ({error}); look for a quote that is never closed."
                ) from error
            yield number, fields
            number = reader.line_num + 1


@dataclass(frozen=True, slots=True)
class JsonLinesTable(TextTable):
    """One JSON object a line."""

    def names(self) -> tuple[str, ...]:
        """All names in the first rows; a name that turns up later becomes metadata."""
        names: dict[str, None] = {}
        for _, row in itertools.islice(self.rows(), TYPED_ROWS):
            names.update(dict.fromkeys(row))
        return tuple(names)

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ARG002
        for number, line in enumerate(self.lines.read(), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceError(
                    f"{self.at(number)} is no valid JSON ({error}); every line must hold one JSON object."
                ) from error
            if not isinstance(row, dict):
                raise SourceError(f"{self.at(number)} is no JSON object; every line must hold one.")
            yield number, row


def _is_data(fields: list[str]) -> bool:
    """Whether a first line holds a web address, which no column is called."""
    return any(_WEB_ADDRESS.fullmatch(field) for field in fields)


def _usual_names(fields: list[str]) -> tuple[str, ...]:
    """What to call the columns of a table without a header: its addresses, then its captions."""
    places = range(len(fields))
    url = next(place for place in places if _WEB_ADDRESS.fullmatch(fields[place]))
    caption = next((place for place in places if place != url), None)
    return tuple(
        "url" if place == url else "caption" if place == caption else f"column_{place + 1}"
        for place in places
    )
