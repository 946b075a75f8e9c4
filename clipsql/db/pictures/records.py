"""What pictures are to the database: the facts of a row, what is stored, and what one write shall do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

NEAR_DUPLICATE_OF = "near_duplicate_of"
"""The name in a picture's metadata under which "clipsql dedup --mark" notes the picture that it repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCaption:
    """One caption in the database."""

    caption_id: int
    body: str
    is_embedded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """The row of a picture in clipsql.image, as ingest wants it.

    A pending picture waits for a worker, of `pending_model_id` or of any model; `is_checked` is false while its
    content must still be fetched and looked at. A failed one has its reason in `error` and `failure`.
    """

    url: str
    file: str | None
    sha256: bytes | None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    perceptual_hash: int | None = None
    taken_at: dt.datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    status: Literal["pending", "embedded", "failed"] = "embedded"
    error: str | None = None
    failure: str | None = None
    pending_model_id: int | None = None
    is_checked: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredImage:
    """What the database holds of a picture, as far as ingest needs to know."""

    image_id: int
    facts: PictureFacts
    is_embedded: bool
    captions: tuple[StoredCaption, ...]
    has_thumbnail: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureWrite:
    """Everything that one transaction shall do for one picture.

    `image_id` is that of a stored row; `row_is_right` says that it holds `facts` already and is left alone.
    `embedding` and `thumbnail` None keep what is stored. `new_captions` are (body, language, embedding or None);
    `caption_embeddings` are of captions already stored.
    """

    facts: PictureFacts
    content_changed: bool
    image_id: int | None = None
    row_is_right: bool = False
    embedding: NDArray[np.float32] | None = None
    thumbnail: Thumbnail | None = None
    new_captions: Sequence[tuple[str, str, NDArray[np.float32] | None]] = ()
    caption_embeddings: Sequence[tuple[int, NDArray[np.float32]]] = ()
    removed_captions: Sequence[int] = ()
