"""What pictures are to the database: what is stored of one, and what one write shall do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipsql.picture import Box, PictureRecord
from clipsql.stores import address_of

NEAR_DUPLICATE_OF = "near_duplicate_of"
"""The name in a picture's metadata under which "clipsql dedup --mark" notes the picture that it repeats."""

ROW_TYPES = {
    "url": "text",
    "file": "text",
    "sha256": "bytea",
    "width": "integer",
    "height": "integer",
    "format": "text",
    "taken_at": "timestamptz",
    "longitude": "float8",
    "latitude": "float8",
    "metadata": "jsonb",
    "status": "text",
    "failure": "text",
    "error": "text",
}
"""The columns of clipsql.image that hold a PictureRecord, and their types."""


def row_values(picture: PictureRecord) -> dict[str, Any]:
    """What the columns of ROW_TYPES hold of a picture."""
    values = {name: getattr(picture, name) for name in ROW_TYPES}
    return {**values, "file": storable_file(values["file"]), "metadata": dict(picture.metadata)}


def is_same_row(one: PictureRecord, other: PictureRecord) -> bool:
    """Whether both are the same row of clipsql.image; their captions are rows of their own."""
    return row_values(one) == row_values(other)


def storable_file(file: object) -> str | None:
    """A file's name as text; None for one that PostgreSQL cannot store: its url has it then."""
    try:
        name = None if file is None else (address_of(str(file)) or str(file)).encode().decode()
    except UnicodeEncodeError:  # a name that is not UTF-8
        return None
    return None if name is None or "\0" in name else name


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCaption:
    """One caption in the database; `is_generated` of what a model wrote, which no source knows of."""

    caption_id: int
    body: str
    is_embedded: bool
    is_generated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRegion:
    """One region in the database, box x, y, width, height; a settled one is embedded, or cannot be."""

    region_id: int
    box: Box
    is_settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPicture:
    """What the database holds of a picture, as far as ingest needs to know of it under one model.

    `is_checked` is false while the picture waits for its content to be fetched and looked at, maybe again;
    `file_to_read` is the local file that an ingest asked to be read for it. `is_fresh` ones go before others.
    """

    image_id: int
    picture: PictureRecord
    captions: tuple[StoredCaption, ...]
    is_embedded: bool
    is_checked: bool
    has_thumbnail: bool
    regions: tuple[StoredRegion, ...] = ()
    is_fresh: bool = False
    file_to_read: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureWrite:
    """Everything that one transaction shall do for one picture, of which `stored` is there.

    A pending picture goes into the queue, to be fetched again unless `is_checked`, from `file_to_read` if that is
    there. `embedding`, `thumbnail` and `fingerprint` None keep what is stored of the same content. `new_captions` are
    (body, language, embedding or None); `caption_embeddings` are of captions already stored, `region_embeddings` of
    regions, of which others have `region_errors`.
    """

    picture: PictureRecord
    stored: StoredPicture | None = None
    is_checked: bool = True
    file_to_read: Path | None = None
    embedding: NDArray[np.float32] | None = None
    fingerprint: bytes | None = None
    thumbnail: Thumbnail | None = None
    new_captions: Sequence[tuple[str, str, NDArray[np.float32] | None]] = ()
    caption_embeddings: Sequence[tuple[int, NDArray[np.float32]]] = ()
    removed_captions: Sequence[int] = ()
    region_embeddings: Sequence[tuple[int, NDArray[np.float32]]] = ()
    region_errors: Sequence[tuple[int, str]] = ()

    @property
    def row_is_right(self) -> bool:
        """Whether the stored row says what it shall say already."""
        return self.stored is not None and is_same_row(self.stored.picture, self.picture)

    @property
    def content_changed(self) -> bool:
        """Whether embeddings of an earlier content are stored, or may be."""
        return self.stored is not None and self.stored.picture.sha256 != self.picture.sha256

    @property
    def was_looked_at(self) -> bool:
        """Whether the content of the stored picture is known."""
        return self.stored is not None and self.stored.picture.sha256 is not None
