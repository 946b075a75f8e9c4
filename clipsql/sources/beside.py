"""What a text or JSON file beside a picture tells of it, as photo libraries and collectors of data leave them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import tzinfo
from pathlib import Path

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, read_json
from clipsql.sources.columns import find_columns, only_there
from clipsql.sources.lines import FileLines
from clipsql.sources.rows import read_row
from clipsql.sources.values import parse_captions

LARGEST = 2**20
"""Bytes; what is larger is no description."""


def names_beside(picture: str) -> Iterator[str]:
    """Names that files which tell of a picture may have: 1.txt, 1.jpg.txt, 1.json or 1.jpg.json beside 1.jpg."""
    stem = Path(picture).stem
    for ending in (".txt", ".json"):
        yield stem + ending
        yield picture + ending


def read_beside(
    file: Path, *, column_map: Mapping[str, str], text_columns: Collection[str], timezone: tzinfo
) -> PictureRecord:
    """What a file tells of the picture that it lies beside: a text a caption a line, JSON all that a row may tell.

    Raises SourceError that begins with its name.
    """
    name = file.name
    try:
        if file.stat().st_size > LARGEST:
            raise SourceError(f"{name} is larger than 1 MB, too much to tell of one picture; move it away.")
        text = "".join(FileLines(file).read())
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}); check the file.") from error
    return read_description(name, text, column_map=column_map, text_columns=text_columns, timezone=timezone)


def read_description(
    name: str, text: str, *, column_map: Mapping[str, str], text_columns: Collection[str], timezone: tzinfo
) -> PictureRecord:
    """As `read_beside`, of a file's name and text."""
    if not name.lower().endswith(".json"):
        try:
            return PictureRecord("", captions=tuple(dict.fromkeys(parse_captions(text.splitlines()))))
        except ValueError as error:
            raise SourceError(f"{name}: the caption holds {error}; correct it.") from error
    try:
        row = read_json(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name} is no valid JSON ({error}); correct it or move it away.") from error
    if not isinstance(row, dict):
        raise SourceError(f"{name} holds no JSON object; it must tell of the picture beside it.")
    # Which picture it is, is known: a file or url in it is metadata.
    column_map = only_there(column_map, row) | {"file": "", "url": ""}
    columns = find_columns(list(row), column_map, manifest=name, names_picture=False)
    forced = {column.lower() for column in text_columns}
    return read_row(name, row, columns, types={}, forced=forced, timezone=timezone)
