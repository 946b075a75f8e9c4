"""A picture on its way from its source to its row, and where its bytes are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue | None] | dict[str, JsonValue | None]"


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
    """A row of a source that says nothing that could be stored: where it stands, why, and what to do."""

    position: str
    problem: str


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
    return Path(os.fsdecode(path)) if path else None
