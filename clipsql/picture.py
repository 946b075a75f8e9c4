"""A picture on its way from its source to its row, and where its bytes are."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit

JsonValue: TypeAlias = (
    "str | int | float | Decimal | bool | list[JsonValue | None] | dict[str, JsonValue | None]"
)
"""What JSON may hold; a Decimal is a number that no float is."""

_LONGEST_NUMBER = 1_000
_SMALLEST_EXPONENT = -400


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in a video one of its frames stands: from `from_s` on until `until_s`, in seconds since the video begins.

    The video is known by its url; `video_sha256` is of the bytes of its file, `sampling` says which of its frames were
    taken. The last one of them says that all were.
    """

    video: str
    video_sha256: bytes
    sampling: str
    from_s: float
    until_s: float
    is_last: bool


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One picture: what its source tells, and in time what reading it gave; at last the row in clipsql.image.

    A pending one waits to be read. A failed one has its reason in `failure`, the class, and `error`.
    """

    url: str
    """Identity: the url column, else the file URI of the resolved local file."""
    file: Path | None = None
    """The local file that holds the bytes, which may turn out to be missing; None when they are on the web."""
    captions: tuple[str, ...] = ()
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    position: str = ""
    """Where the source tells of it, for messages: "frames.csv line 17"."""
    moment: Moment | None = None
    """Of a frame of a video: which that is."""
    content: bytes | None = field(default=None, repr=False)
    """The bytes themselves, where they are at hand before the picture is read."""
    sha256: bytes | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    status: Literal["pending", "embedded", "failed"] = "pending"
    failure: str | None = None
    error: str | None = None

    @property
    def is_on_the_web(self) -> bool:
        """Whether its URL is one to download from; a copy may lie in `file` all the same."""
        return is_on_the_web(self.url)

    @property
    def local_file(self) -> Path | None:
        """The file on this machine that may hold the bytes; None when they can only be had from elsewhere."""
        return self.file or file_of(self.url)


@dataclass(frozen=True, slots=True)
class UnusableRow:
    """A row of a source that says nothing that could be stored: where it stands, why, and what to do.

    `url` is that of the picture it names, None when it cannot be read so far.
    """

    position: str
    problem: str
    url: str | None = None


Box: TypeAlias = tuple[int, int, int, int]
"""x, y, width and height in pixels of the upright picture, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class FoundBox:
    """One box of one picture: `image` is its url, file or image_id, `uri` the address of the file of that name."""

    position: str
    image: str
    uri: str | None
    box: Box
    label: str | None
    score: float | None


def is_on_the_web(address: str) -> bool:
    """Whether an address is one to download from."""
    return address[:8].lower().startswith(("http://", "https://"))


def file_of(address: str) -> Path | None:
    """The local file that an address of the scheme file: names; None for any other address."""
    if address[:5].lower() != "file:":
        return None
    try:
        path = unquote_to_bytes(urlsplit(address).path)
    except ValueError:  # "file://[": it fails as an address when its turn comes
        return None
    # As bytes, for names that are not UTF-8.
    return Path(os.fsdecode(path)) if path and b"\0" not in path else None


def exact_number(written: str | Decimal) -> float | Decimal:
    """The float that a decimal number is; the Decimal itself when floats are not exact enough to tell it."""
    number = float(written)
    if len(str(written)) > _LONGEST_NUMBER or not math.isfinite(number):
        return number
    decimal = Decimal(written)
    is_tiny = decimal.adjusted() < _SMALLEST_EXPONENT  # which PostgreSQL has no room for
    return number if is_tiny or Decimal(repr(number)) == decimal else decimal


def exact_json(value: Any) -> str:
    """JSON text of a JsonValue, all digits of its numbers."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(name)}: {exact_json(each)}" for name, each in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(exact_json, value)) + "]"
    return json.dumps(value)


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text, its numbers as `exact_number` has them. Raises ValueError, RecursionError."""
    return json.loads(text, parse_float=exact_number)
