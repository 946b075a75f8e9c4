"""Read JSON files that hold many rows: a list of objects, or COCO's images with their captions. None is held whole."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.picture import exact_json, exact_number
from clipsql.sources.lines import Lines
from clipsql.sources.tables import JsonLinesTable, Row, TextTable, names_of

_CHUNK = 2**16
_LONGEST_ELEMENT = 64 * 2**20
"""Characters; a bound on what is held of a file that is damaged."""

_SPACE = " \t\r\n"


class _Reader:
    """Walks through a JSON text and gives the elements of its lists one by one."""

    def __init__(self, lines: Lines) -> None:
        self._pieces = _pieces(lines)
        self._text = ""
        self._place = 0
        self._decoder = json.JSONDecoder(parse_float=exact_number)

    def peek(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            while self._place < len(self._text):
                if self._text[self._place] not in _SPACE:
                    return self._text[self._place]
                self._place += 1
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Go past the next character. Raises ValueError when it is another."""
        if self.peek() != expected:
            raise ValueError(f'"{expected}" is missing before "{self._text[self._place : self._place + 20]}"')
        self._place += 1

    def value(self) -> Any:
        """The next value. Raises ValueError."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except json.JSONDecodeError:
                if len(self._text) - self._place > _LONGEST_ELEMENT or not self._more():
                    raise
                continue
            # A number may go on in what is not read yet.
            if end < len(self._text) or not self._more():
                self._place = end
                return value

    def elements(self) -> Iterator[Any]:
        """The elements of the list that comes next."""
        self.take("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() != "]":
                self.take(",")
        self.take("]")

    def members(self) -> Iterator[str]:
        """The names in the object that comes next; each value must be read before the next name."""
        self.take("{")
        while self.peek() != "}":
            name = self.value()
            self.take(":")
            yield str(name)
            if self.peek() != "}":
                self.take(",")
        self.take("}")

    def _more(self) -> bool:
        # In steps that grow with what is held, so that a long value is not begun again too often.
        piece = ""
        for part in self._pieces:
            piece += part
            if len(piece) >= max(_CHUNK, len(self._text) - self._place):
                break
        self._text = self._text[self._place :] + piece
        self._place = 0
        return bool(piece)


@dataclass(frozen=True, slots=True)
class JsonListTable(TextTable):
    """A JSON list of objects."""

    unit = "object"

    def names(self) -> tuple[str, ...]:
        """All names in the first objects; a name that turns up later becomes metadata."""
        return names_of(self.rows())

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        number = 0
        try:
            for number, row in enumerate(_Reader(self.lines).elements(), start=1):
                yield number, row if isinstance(row, dict) else self.unusable(number, "is no JSON object.")
        except (ValueError, RecursionError) as error:
            yield (
                number + 1,
                self.unusable(number + 1, f"is no valid JSON ({error}); what follows is not read."),
            )


@dataclass(frozen=True, slots=True, weakref_slot=True)
class CocoTable(TextTable):
    """COCO's JSON: a picture a row, with the captions of its annotations.

    A picture is the file of its file_name in `pictures`, where that is there, else what its coco_url gives.
    """

    pictures: Path
    _joined: sqlite3.Connection = field(init=False, repr=False, compare=False)

    unit = "image"

    def __post_init__(self) -> None:
        """Raises SourceError for what is not COCO's."""
        joined = self._join()
        weakref.finalize(self, joined.close)
        object.__setattr__(self, "_joined", joined)

    def names(self) -> tuple[str, ...]:
        return names_of(self.rows())

    def row_count(self) -> int:
        return int(self._joined.execute("select count(*) from image").fetchone()[0])

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:  # noqa: ARG002
        images = self._joined.execute("select number, coco_id, row from image order by number")
        for number, coco_id, text in images:
            row = json.loads(text, parse_float=exact_number)
            if not isinstance(row, dict):
                yield number, self.unusable(number, "is no JSON object.")
                continue
            captions = self._joined.execute(
                "select body from caption where coco_id = ? order by caption_id", (coco_id,)
            )
            name, address = row.pop("file_name", None), row.get("coco_url")
            is_here = isinstance(name, str) and (self.pictures / name).exists()
            if not is_here and address:
                row["url"] = row.pop("coco_url")
            else:
                row["file"] = str(self.pictures / name) if isinstance(name, str) and name else None
            yield number, {**row, "caption": [json.loads(body) for (body,) in captions]}

    def _join(self) -> sqlite3.Connection:
        """Images and captions in a temporary database on disk, because either may come first and both be huge."""
        joined = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        joined.executescript(
            "begin; create table image (number integer primary key, coco_id text, row text not null);"
            " create table caption (caption_id integer primary key, coco_id text not null, body text not null);"
        )
        try:
            self._fill(joined)
        except (ValueError, RecursionError) as error:
            joined.close()
            raise SourceError(
                f"{self.name} is no valid JSON ({error}); get it again, or convert it to JSON lines."
            ) from error
        joined.executescript("create index caption_coco_id on caption (coco_id, caption_id);")
        return joined

    def _fill(self, joined: sqlite3.Connection) -> None:
        reader = _Reader(self.lines)
        for name in reader.members():
            if reader.peek() != "[":
                reader.value()
                continue
            for element in reader.elements():
                if name == "images":
                    coco_id = element.get("id") if isinstance(element, dict) else None
                    joined.execute(
                        "insert into image (coco_id, row) values (?, ?)",
                        (json.dumps(coco_id), exact_json(element)),
                    )
                elif name == "annotations" and isinstance(element, dict) and "caption" in element:
                    joined.execute(
                        "insert into caption (coco_id, body) values (?, ?)",
                        (json.dumps(element.get("image_id")), exact_json(element["caption"])),
                    )


def open_json(lines: Lines, pictures: Path) -> TextTable:
    """What a JSON file holds: a list of rows, COCO's images, whose files are in `pictures`, or after all a row a line.

    Raises SourceError.
    """
    if _Reader(lines).peek() == "[":
        return JsonListTable(lines)
    table = CocoTable(lines, pictures)
    return table if table.row_count() else JsonLinesTable(lines)


def _pieces(lines: Lines) -> Iterator[str]:
    """The text in short pieces: often it is one line."""
    for line in lines.read():
        for start in range(0, len(line), _CHUNK):
            yield line[start : start + _CHUNK]
