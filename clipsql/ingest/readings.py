"""What ingest knows of a picture after reading it, and the options that decide how it is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipsql import stores
from clipsql.db.pictures.records import PictureWrite, StoredCaption, StoredPicture, StoredRegion, Thumbnail
from clipsql.errors import FailureClass, InvalidArgument
from clipsql.images.decoding import MAX_PIXELS
from clipsql.picture import PictureRecord
from clipsql.sources.sampling import Sampling

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")
_KANA = re.compile("[\u3040-\u30ff]")


class Outcome(StrEnum):
    """What became of one record of the source."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CHECKED = "checked"
    QUEUED = "queued"
    FAILED = "failed"
    FAILED_BEFORE = "failed before"
    DUPLICATE = "duplicate"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How to read pictures: `timezone` is that of times without offset.

    `validate_only` looks whether they can be had and decoded, and embeds none. Originals of what was downloaded
    go to `store_images`, and may be read there again. Pictures of more than `max_pixels` are refused.
    """

    timezone: dt.tzinfo = dt.UTC
    max_pixels: int = MAX_PIXELS
    validate_only: bool = False
    store_images: Path | None = None
    thumbnails: bool = False

    def __post_init__(self) -> None:
        """Name the store, if it is one, to this process."""
        store = None if self.store_images is None else stores.address_of(self.store_images)
        if store is not None:
            stores.name_store(store)


@dataclass(frozen=True, kw_only=True)
class IngestOptions(ReadOptions):
    """How to ingest: `language` is that of captions in Latin script, `retry_class` of failures None means any.

    `refresh` downloads again what is embedded already, `enqueue_only` leaves all downloads to workers; `find_gone`
    looks in the end for pictures of the collection that the source has no more. Of videos `sampling` says which frames
    are taken. `tiles`, columns and rows, is the grid that is laid over its pictures in the end.
    """

    collection: str
    retry_failed: bool = False
    retry_class: FailureClass | None = None
    refresh: bool = False
    enqueue_only: bool = False
    find_gone: bool = False
    language: str = "en"
    sampling: Sampling = field(default_factory=Sampling)
    tiles: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Raise InvalidArgument for tiles where nothing is embedded."""
        super().__post_init__()
        if self.tiles is not None and (self.validate_only or self.enqueue_only):
            raise InvalidArgument(
                'Tiles are laid over embedded pictures; run "clipsql regions tile" when they are.'
            )

    def retries(self, picture: PictureRecord) -> bool:
        """Whether a picture that failed so shall be tried again."""
        return self.retry_failed and self.retry_class in (None, picture.failure)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A picture after reading: what its row shall hold, unless that is left alone.

    `pixels`, float32 (3, height, width), are there when they must be encoded. A claimed one was leased from the queue
    and has to be settled; one that goes into the queue is to be fetched, again maybe, unless `is_checked`: from
    `file_to_read` if its source named one.
    `content`, the file's bytes, is there when regions must be cut out of it, `region_error` when that cannot be.
    `remarks` say why the picture's own time or place was not taken.
    """

    picture: PictureRecord
    stored: StoredPicture | None
    outcome: Outcome
    leaves_row: bool = False
    pixels: NDArray[np.float32] | None = None
    content: bytes | None = None
    region_error: str | None = None
    fingerprint: bytes | None = None
    thumbnail: Thumbnail | None = None
    remarks: tuple[str, ...] = ()
    is_claimed: bool = False
    is_checked: bool = True
    file_to_read: Path | None = None

    @property
    def digest_to_encode(self) -> bytes | None:
        """SHA-256 of the content whose pixels must be encoded; None where there is nothing to encode."""
        return None if self.pixels is None else self.picture.sha256

    @property
    def regions_to_encode(self) -> list[StoredRegion]:
        """Regions without an embedding of this content; those of a picture that is not embedded wait for it."""
        if self.stored is None or self.picture.status != "embedded":
            return []
        is_known = self.stored.picture.sha256 == self.picture.sha256
        return [region for region in self.stored.regions if not (is_known and region.is_settled)]

    @property
    def captions_to_encode(self) -> list[str]:
        """Wanted captions, and those of models, without an embedding; of a picture without one, they wait for it."""
        if self.picture.status != "embedded":
            return []
        wanted = self.wanted_captions
        stored = [
            caption.body
            for caption in self._stored_captions
            if not caption.is_embedded and (caption.is_generated or caption.body in wanted)
        ]
        return list(dict.fromkeys([*stored, *(body for body in wanted if body not in self.peoples_captions)]))

    @property
    def wanted_captions(self) -> tuple[str, ...]:
        """Captions of people that the database shall hold; a source without captions leaves what is there."""
        return tuple(dict.fromkeys(self.picture.captions)) or self.peoples_captions

    @property
    def peoples_captions(self) -> tuple[str, ...]:
        """Captions that the database holds, but for those of models."""
        return tuple(caption.body for caption in self._stored_captions if not caption.is_generated)

    @property
    def _stored_captions(self) -> tuple[StoredCaption, ...]:
        return () if self.stored is None else self.stored.captions

    def write(
        self,
        embedding: NDArray[np.float32] | None,
        captions: Mapping[str, NDArray[np.float32]],
        regions: Mapping[int, NDArray[np.float32] | str] | None = None,
        *,
        language: str,
    ) -> PictureWrite:
        """What must be written: `captions` has the embeddings of all captions to encode, and may have more; `regions`
        those of regions by region_id, or why there is none.
        """
        regions = regions or {}
        stored, wanted = self._stored_captions, self.wanted_captions
        known = self.peoples_captions
        encoded = set(self.captions_to_encode)
        return PictureWrite(
            picture=self.picture,
            stored=self.stored,
            is_checked=self.is_checked,
            file_to_read=self.file_to_read,
            embedding=embedding,
            fingerprint=self.fingerprint,
            thumbnail=self.thumbnail,
            new_captions=[
                (
                    body,
                    caption_language(body, default=language),
                    captions[body] if body in encoded else None,
                )
                for body in wanted
                if body not in known
            ],
            caption_embeddings=[
                (caption.caption_id, captions[caption.body]) for caption in stored if caption.body in encoded
            ],
            removed_captions=[
                caption.caption_id
                for caption in stored
                if not caption.is_generated and caption.body not in wanted
            ],
            region_embeddings=[(key, one) for key, one in regions.items() if not isinstance(one, str)],
            region_errors=[(key, one) for key, one in regions.items() if isinstance(one, str)],
        )


def left_out(reading: Reading, why: str) -> Reading:
    """What became of a picture of a source whose row PostgreSQL refuses: nothing of it is stored."""
    error = f"PostgreSQL refuses the row ({why}); correct it."
    return replace(reading, picture=replace(reading.picture, error=error), outcome=Outcome.UNUSABLE)


def refused(reading: Reading, why: str) -> Reading:
    """What became of a picture of the queue of which PostgreSQL refuses what was read: it failed."""
    assert reading.stored is not None
    failed = replace(
        reading.stored.picture,
        status="failed",
        failure=str(FailureClass.UNEXPECTED),
        error=printable(f"PostgreSQL refuses what was read of it ({why}); report it, with this picture"),
    )
    return Reading(picture=failed, stored=reading.stored, outcome=Outcome.FAILED, is_claimed=True)


def caption_language(body: str, *, default: str) -> str:
    """ISO 639-1 code of a caption: Japanese and Chinese are told by their script, the rest is `default`."""
    if _KANA.search(body):
        return "ja"
    return "zh" if _HAN.search(body) else default


def printable(text: str) -> str:
    """`text` with NUL and halves of surrogate pairs replaced, fit for PostgreSQL and terminals."""
    return _UNPRINTABLE.sub("\ufffd", text)
