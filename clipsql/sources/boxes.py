"""Read boxes of pictures: JSON lines of a detector or a manifest, or COCO's JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from clipsql.errors import SourceError
from clipsql.picture import Box, FoundBox, UnusableRow
from clipsql.sources.naming import picture_name

_IMAGE_NAMES = ("image", "url", "file", "file_name")
_LONGEST_LABEL = 200
_MOST_PIXELS = 10_000_000


def read_boxes(file: Path) -> Iterator[FoundBox | UnusableRow]:
    """Boxes of a file, and what it says that is none, in its order. Raises SourceError when it cannot be read.

    A line has the picture as "image", "url", "file" or "file_name", and "box": [x, y, width, height] with "label" and
    "score", or "boxes": a list of objects that have these. COCO's JSON has "images", "annotations" and "categories".
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            first = lines.readline()
            is_lines = first.lstrip().startswith("{") and "annotations" not in _object(first)
            lines.seek(0)
            yield from _of_lines(file, lines) if is_lines else _of_coco(file, lines.read())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"{file} cannot be read: {reason}; give JSON lines or COCO's JSON.") from error


def _object(text: str) -> dict[str, Any]:
    """The JSON object that a text is; one whose text goes on in further lines counts as COCO's."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {"annotations": None}
    return value if isinstance(value, dict) else {"annotations": None}


def _of_lines(file: Path, lines: Iterator[str]) -> Iterator[FoundBox | UnusableRow]:
    for number, line in enumerate(lines, start=1):
        position = f"{file.name} line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("is no JSON object")
        except (ValueError, RecursionError):
            yield UnusableRow(
                position, 'is no JSON object; write {"image": "a.jpg", "box": [10, 20, 80, 60]}'
            )
            continue
        image = next((row[name] for name in _IMAGE_NAMES if name in row), None)
        boxes = row.get("boxes", [row])
        if not isinstance(boxes, list):
            yield UnusableRow(
                position, "has boxes that are no list; write a list of objects, each with a box"
            )
            continue
        for each in boxes:
            facts = each if isinstance(each, dict) else {"box": each}
            yield _found(file, position, image, facts.get("box"), facts.get("label"), facts.get("score"))


def _of_coco(file: Path, text: str) -> Iterator[FoundBox | UnusableRow]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file} is neither JSON lines nor JSON ({error}); correct it.") from error
    if not (
        isinstance(document, dict) and all(_is_list(document, name) for name in ("images", "annotations"))
    ):
        raise SourceError(
            f'{file} has no lists "images" and "annotations" as COCO\'s JSON has; a list of detections alone does not '
            'name its pictures: write JSON lines such as {"image": "a.jpg", "box": [10, 20, 80, 60]}.'
        )
    names = {each.get("id"): each.get("file_name") for each in document["images"] if isinstance(each, dict)}
    labels = {
        each.get("id"): each.get("name")
        for each in document.get("categories") or ()
        if isinstance(each, dict)
    }
    for number, each in enumerate(document["annotations"], start=1):
        position = f"{file.name} annotation {number}"
        if not isinstance(each, dict):
            yield UnusableRow(position, "is no JSON object; correct it")
            continue
        label = labels.get(each.get("category_id"))
        yield _found(
            file, position, names.get(each.get("image_id")), each.get("bbox"), label, each.get("score")
        )


def _is_list(document: dict[str, Any], name: str) -> bool:
    return isinstance(document.get(name), list)


def _found(
    file: Path, position: str, image: object, box: object, label: object, score: object
) -> FoundBox | UnusableRow:
    named = picture_name(file, image)
    if named is None:
        return UnusableRow(position, "names no picture; give its url, its file or its image_id as image")
    pixels = _pixels(box)
    if pixels is None:
        said = json.dumps(box)[:100]
        return UnusableRow(
            position,
            f"has the box {said}; give [x, y, width, height] in pixels of the upright picture, not in shares of it",
        )
    if label is not None and not (
        isinstance(label, str) and 0 < len(label) <= _LONGEST_LABEL and "\0" not in label
    ):
        return UnusableRow(
            position, f"has a label that is no text of 1 to {_LONGEST_LABEL} characters; correct it"
        )
    if score is not None and not (_is_number(score) and 0 <= score <= 1):
        return UnusableRow(position, f"has the score {json.dumps(score)[:100]}; give a number from 0 to 1")
    return FoundBox(position, *named, pixels, label, score)


def _pixels(box: object) -> Box | None:
    """The whole pixels that a box touches; None for what is no box with an area within pictures that may be."""
    if not (isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))):
        return None
    x, y, width, height = box
    # A detector's fractions of a pixel reach a little beyond what it saw, and beyond the picture's edge.
    left, top = max(0, math.floor(x)), max(0, math.floor(y))
    right, bottom = math.ceil(x + width), math.ceil(y + height)
    if min(width, height) < 1 or right <= left or bottom <= top or max(right, bottom) > _MOST_PIXELS:
        return None
    return left, top, right - left, bottom - top


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
