"""Read the rows of CSV, TSV and JSON-lines files, one at a time."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.sources.column_types import TYPED_ROWS


@dataclass(frozen=True, slots=True)
class Table(ABC):
    """A file of rows; `unit` is what messages count: lines or rows."""

    path: Path

    unit = "line"
    typed = True
    """Whether the values come with their types, or all as text."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The columns' names. Raises SourceError for a file without any."""

    @abstractmethod
    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line or row number, {column: value}) of every row; `only` tells which columns are needed."""

    def at(self, number: int) -> str:
        """Where a row stands, for messages."""
        return f"{self.path.name} {self.unit} {number}"


@dataclass(frozen=True, slots=True)
class DelimitedTable(Table):
    """A CSV or TSV file with a header line; TSV is read without quoting, so quotes in it are just text."""

    delimiter: str

    typed = False

    def names(self) -> tuple[str, ...]:
        return self._header(self._lines())

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ARG002
        lines = self._lines()
        names = self._header(lines)
        for number, fields in lines:
            if not fields:
                continue
            if len(fields) != len(names):
                raise SourceError(
                    f"{self.at(number)} has {len(fields)} fields, but the header has {len(names)}; "
                    "correct the line."
                )
            yield number, {name: field for name, field in zip(names, fields, strict=True) if name}

    def _header(self, lines: Iterator[tuple[int, list[str]]]) -> tuple[str, ...]:
        _, fields = next(lines, (1, []))
        names = tuple(field.strip() for field in fields)
        if not any(names):
            raise SourceError(f"{self.path.name} is empty; its first line must name the columns.")
        # A column without a name, such as the row numbers that some tools write, is left out.
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            raise SourceError(f'{self.path.name} has two columns "{twice}"; rename one of them.')
        return names

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(
            read_lines(self.path),
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
class JsonLinesTable(Table):
    """A file with one JSON object a line."""

    def names(self) -> tuple[str, ...]:
        """All names in the first rows; a name that turns up later becomes metadata."""
        names: dict[str, None] = {}
        for _, row in itertools.islice(self.rows(), TYPED_ROWS):
            names.update(dict.fromkeys(row))
        return tuple(names)

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ARG002
        for number, line in enumerate(read_lines(self.path), start=1):
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


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, with or without a byte order mark, gzip-compressed if its name ends in .gz.

    Raises SourceError naming the line that is not UTF-8, or the file that cannot be read.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} line {number} is not UTF-8; convert the file to UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path.name} cannot be read ({reason}); check the file.") from error
