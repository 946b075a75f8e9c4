"""Read the rows of CSV, TSV and JSON lines, one at a time."""

from __future__ import annotations

import csv
import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from clipsql.errors import SourceError
from clipsql.picture import UnusableRow, read_json
from clipsql.sources.column_types import TYPED_ROWS
from clipsql.sources.delimiters import delimited, is_address, is_picture_name, is_row, said_delimiter
from clipsql.sources.lines import Lines
from clipsql.sources.values import has_raw_bytes

Row: TypeAlias = "dict[str, Any] | UnusableRow"

LONGEST_FIELD = 16 * 2**20
"""Characters in one field of CSV: enough for any text, and a bound on what a quote without an end takes in."""

_PATIENCE = 16 * LONGEST_FIELD
"""Characters that are read again after quotes without an end, all together."""

csv.field_size_limit(max(LONGEST_FIELD, csv.field_size_limit()))


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
    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
        """(line or row number, {column: value}) of every row; `only` tells which columns are needed.

        A row that cannot be read stands as what is wrong with it. Raises SourceError where no further one can be.
        """

    def picture_columns(self) -> tuple[str, ...]:
        """Columns whose values are pictures themselves; rows then tell paths under which their bytes are read."""
        return ()

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

    def unusable(self, number: int, problem: str) -> UnusableRow:
        """A row that cannot be read, and why: `problem` goes on after where it stands."""
        return UnusableRow(self.at(number), f"{self.at(number)} {problem}")


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

    A first line with a web address or a picture's name in it is no header but a row, as in Conceptual Captions: then
    the columns are called url or file, caption, column_3 and so on. Rows with nothing in them are passed over.
    """

    delimiter: str

    typed = False

    def names(self) -> tuple[str, ...]:
        return self._header(next(self._records(), (1, []))[1])

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        records = self._records()
        first = next(records, (1, []))
        names = self._header(first[1])
        if not isinstance(first[1], UnusableRow) and is_row(first[1]):
            records = itertools.chain([first], records)
        for number, fields in records:
            if isinstance(fields, UnusableRow):
                yield number, fields
            elif len(fields) == len(names):
                yield number, {name: field for name, field in zip(names, fields, strict=True) if name}
            else:
                problem = f"has {len(fields)} fields, but the header has {len(names)}; correct the line."
                yield number, self.unusable(number, problem)

    def _header(self, fields: list[str] | UnusableRow) -> tuple[str, ...]:
        if isinstance(fields, UnusableRow):
            raise SourceError(fields.problem)
        if is_row(fields):
            return _usual_names(fields)
        names = tuple(field.strip() for field in fields)
        if not any(names):
            raise SourceError(f"{self.name} is empty; its first line must name the columns.")
        if any(map(has_raw_bytes, names)):
            raise SourceError(f"{self.name}: the names of the columns are not UTF-8; convert it to UTF-8.")
        # A column without a name, such as the row numbers that some tools write, is left out.
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            raise SourceError(f'{self.name} has two columns "{twice}"; rename one of them.')
        return names

    def _records(self) -> Iterator[tuple[int, list[str] | UnusableRow]]:
        """(line number, fields) of all that is not blank, the header too, or why a line is no CSV."""
        lines = _LinesAgain(self.lines.read())
        reader = delimited(lines, self.delimiter, strict=True)
        number = 1
        while True:
            lines.taken.clear()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = f"is no valid CSV ({error}); look for a quote that is never closed."
                yield number, self.unusable(number, problem)
                # Such a quote swallows the lines after it: each gets its chance.
                if not lines.read_again():
                    raise SourceError(f"{self.at(number)} {problem}") from error
                reader = delimited(lines, self.delimiter, strict=True)
                number += 1
                continue
            is_said = number == 1 and said_delimiter(lines.taken[0]) is not None
            if not is_said and any(map(str.strip, fields)):
                yield number, fields
            number += len(lines.taken)


class _LinesAgain:
    """Lines of which those that made one row can be read again, but for its first."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.taken: list[str] = []
        self._lines = lines
        self._again: deque[str] = deque()
        self._patience = _PATIENCE

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def read_again(self) -> bool:
        """Go back to the second line taken; False when so much was read again before that it leads nowhere."""
        self._patience -= sum(map(len, self.taken))
        self._again.extendleft(reversed(self.taken[1:]))
        return self._patience > 0


@dataclass(frozen=True, slots=True)
class JsonLinesTable(TextTable):
    """One JSON object a line."""

    def names(self) -> tuple[str, ...]:
        """All names in the first rows; a name that turns up later becomes metadata."""
        return names_of(self.rows())

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        for number, line in enumerate(self.lines.read(), start=1):
            if line.strip():
                yield number, self._row(number, line)

    def _row(self, number: int, line: str) -> Row:
        if has_raw_bytes(line):
            return self.unusable(number, "is not UTF-8; convert it to UTF-8.")
        try:
            row = read_json(line)
        except (ValueError, RecursionError) as error:
            return self.unusable(number, f"is no valid JSON ({error}); every line must hold one JSON object.")
        if not isinstance(row, dict):
            return self.unusable(number, "is no JSON object; every line must hold one.")
        return row


def names_of(rows: Iterator[tuple[int, Row]]) -> tuple[str, ...]:
    """All names in the first rows, in the order in which they turn up."""
    names: dict[str, None] = {}
    for _, row in itertools.islice(rows, TYPED_ROWS):
        if not isinstance(row, UnusableRow):
            names.update(dict.fromkeys(row))
    return tuple(names)


def _usual_names(fields: list[str]) -> tuple[str, ...]:
    """What to call the columns of a table without a header: its addresses or files, then its captions."""
    places = range(len(fields))
    address = next((place for place in places if is_address(fields[place])), None)
    picture = (
        next(place for place in places if is_picture_name(fields[place])) if address is None else address
    )
    caption = next((place for place in places if place != picture), None)
    names = {picture: "file" if address is None else "url", caption: "caption"}
    return tuple(names.get(place, f"column_{place + 1}") for place in places)
