"""Read examples of what was meant: a picture and a text that were asked with, and the picture that was wanted."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.picture import UnusableRow
from clipsql.sources.naming import picture_name

_COLUMNS = ("picture", "text", "wanted")


@dataclass(frozen=True, slots=True)
class Triplet:
    """One example: pictures by url, file or image_id, each with the address of the local file of that name."""

    position: str
    picture: str
    picture_uri: str | None
    text: str
    wanted: str
    wanted_uri: str | None


def read_triplets(file: Path) -> Iterator[Triplet | UnusableRow]:
    """The examples of a file, and what it says that is none, in its order. Raises SourceError.

    JSON lines with "picture", "text" and "wanted", or CSV with a header of these.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            is_json = lines.read(1) == "{"
            lines.seek(0)
            for position, row in _of_json(file, lines) if is_json else _of_csv(file, lines):
                yield _triplet(file, position, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is neither CSV nor JSON lines in UTF-8"
        raise SourceError(
            f"{file} cannot be read: {reason}; give columns picture, text and wanted."
        ) from error


def _of_json(file: Path, lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield f"{file.name} line {number}", json.loads(line)
            except (ValueError, RecursionError):
                yield f"{file.name} line {number}", None


def _of_csv(file: Path, lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    rows = csv.DictReader(lines)
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise SourceError(
            f"{file} has no column {' and none '.join(missing)}; give columns picture, text and wanted."
        )
    for row in rows:
        yield f"{file.name} line {rows.line_num}", row


def _triplet(file: Path, position: str, row: Any) -> Triplet | UnusableRow:
    facts = row if isinstance(row, dict) else {}
    picture, wanted = (picture_name(file, facts.get(name)) for name in ("picture", "wanted"))
    text = facts.get("text")
    if picture is None or wanted is None or not isinstance(text, str) or not text.strip() or "\0" in text:
        return UnusableRow(
            position, 'is no example; write {"picture": "a.jpg", "text": "at night", "wanted": "b.jpg"}'
        )
    return Triplet(position, *picture, text, *wanted)
