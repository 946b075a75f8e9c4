"""What ingest knows of a picture after reading it, and the options that decide how it is read."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipsql.db.pictures.records import PictureWrite, StoredCaption, StoredPicture, Thumbnail
from clipsql.errors import FailureClass
from clipsql.images.decoding import MAX_PIXELS
from clipsql.picture import PictureRecord, UnusableRow

_MOST_EXAMPLES = 10
"""Failures and rows left out that a report names one by one."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
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
    go to `store_images`. Pictures of more than `max_pixels` are refused.
    """

    timezone: dt.tzinfo = dt.UTC
    max_pixels: int = MAX_PIXELS
    validate_only: bool = False
    store_images: Path | None = None
    thumbnails: bool = False


@dataclass(frozen=True, kw_only=True)
class IngestOptions(ReadOptions):
    """How to ingest: `language` is that of captions in Latin script, `retry_class` of failures None means any.

    `refresh` downloads again what is embedded already, `enqueue_only` leaves all downloads to workers.
    """

    collection: str
    retry_failed: bool = False
    retry_class: FailureClass | None = None
    refresh: bool = False
    enqueue_only: bool = False
    language: str = "en"

    def retries(self, picture: PictureRecord) -> bool:
        """Whether a picture that failed so shall be tried again."""
        return self.retry_failed and self.retry_class in (None, picture.failure)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A picture after reading: what its row shall hold, unless that is left alone.

    `pixels`, float32 (3, height, width), are there when they must be encoded. A claimed one was leased from the queue
    and has to be settled; one that goes into the queue is to be fetched, again maybe, unless `is_checked`.
    `remarks` say why the picture's own time or place was not taken.
    """

    picture: PictureRecord
    stored: StoredPicture | None
    outcome: Outcome
    leaves_row: bool = False
    pixels: NDArray[np.float32] | None = None
    fingerprint: bytes | None = None
    thumbnail: Thumbnail | None = None
    remarks: tuple[str, ...] = ()
    is_claimed: bool = False
    is_checked: bool = True

    @property
    def captions_to_encode(self) -> list[str]:
        """Wanted captions without an embedding; those of a picture that is not embedded wait for it."""
        if self.picture.status != "embedded":
            return []
        embedded = {caption.body for caption in self._stored_captions if caption.is_embedded}
        return [body for body in self.wanted_captions if body not in embedded]

    @property
    def wanted_captions(self) -> tuple[str, ...]:
        """Captions that the database shall hold; a source without captions leaves what is there."""
        given = tuple(dict.fromkeys(self.picture.captions))
        return given or tuple(caption.body for caption in self._stored_captions)

    @property
    def _stored_captions(self) -> tuple[StoredCaption, ...]:
        return () if self.stored is None else self.stored.captions

    def write(
        self,
        embedding: NDArray[np.float32] | None,
        captions: Mapping[str, NDArray[np.float32]],
        *,
        language: str,
    ) -> PictureWrite:
        """What must be written: `captions` has the embeddings of all captions to encode, and may have more."""
        stored, wanted = self._stored_captions, self.wanted_captions
        known = {caption.body for caption in stored}
        encoded = set(self.captions_to_encode)
        return PictureWrite(
            picture=self.picture,
            stored=self.stored,
            is_checked=self.is_checked,
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
            removed_captions=[caption.caption_id for caption in stored if caption.body not in wanted],
        )


def caption_language(body: str, *, default: str) -> str:
    """ISO 639-1 code of a caption: Japanese and Chinese are told by their script, the rest is `default`."""
    if _KANA.search(body):
        return "ja"
    return "zh" if _HAN.search(body) else default


def printable(text: str) -> str:
    """`text` with the bytes of a file name that are not UTF-8 replaced, fit for PostgreSQL and terminals."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "\ufffd")


@dataclass(kw_only=True)
class IngestReport:
    """What an ingest or a worker did.

    `failures`, `left_out`, rows that are no pictures of their own, and `remarks` on pictures that were read, of which
    there are `remarked`, name a few.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    remarked: int = 0
    captions: int = 0
    seconds: float = 0.0

    def settled(self, reading: Reading) -> None:
        """Count a picture that is safely stored."""
        self.outcomes[reading.outcome] += 1
        if reading.is_claimed:
            self.outcomes -= Counter([Outcome.QUEUED])
        if reading.outcome is Outcome.FAILED and len(self.failures) < _MOST_EXAMPLES:
            where = reading.picture.file or reading.picture.url
            self.failures.append(printable(f"{where}: {reading.picture.error}"))
        for remark in reading.remarks:
            self.remarked += 1
            if len(self.remarks) < _MOST_EXAMPLES:
                self.remarks.append(printable(f"{reading.picture.file or reading.picture.url}: {remark}"))

    def repeated(self, position: str, earlier: str, url: str) -> None:
        """Count a record whose URL came before."""
        why = f"{position} repeats {earlier}: {url}; give each picture one row, further captions in further columns."
        self._left_out(Outcome.DUPLICATE, why)

    def unusable(self, row: UnusableRow) -> None:
        """Count a row that says nothing that could be stored."""
        self._left_out(Outcome.UNUSABLE, row.problem)

    def _left_out(self, outcome: Outcome, why: str) -> None:
        self.outcomes[outcome] += 1
        if len(self.left_out) < _MOST_EXAMPLES:
            self.left_out.append(printable(why))
