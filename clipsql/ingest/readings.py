"""What ingest knows of a picture after reading it, and the options that decide how it is read."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping
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
"""Problems and remarks that a report names one by one."""

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
    perceptual_hash: int | None = None
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
            perceptual_hash=self.perceptual_hash,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A picture that failed, or a row of the source that was left out; `failure` is the class of a failure.

    `position` says where the source tells of it, as far as this run has read the source; `url` is None when the row
    could not be read so far.
    """

    outcome: Outcome
    reason: str
    position: str | None = None
    url: str | None = None
    failure: str | None = None


@dataclass(kw_only=True)
class IngestReport:
    """What an ingest or a worker did.

    `on_problem` is told of every problem as it comes up. `problems` holds a few of them, and `remarks` a few on
    pictures that were read, of which there are `remarked`. `position_of` finds by its URL where the source tells of
    a picture that was read from the queue, None where it does not.
    """

    on_problem: Callable[[Problem], None] = lambda _problem: None
    position_of: Callable[[str], str | None] = lambda _url: None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    remarked: int = 0
    captions: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """How many pictures failed; those of earlier runs do not count."""
        return self.outcomes[Outcome.FAILED]

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return self.outcomes[Outcome.DUPLICATE] + self.outcomes[Outcome.UNUSABLE]

    def settled(self, reading: Reading) -> None:
        """Count a picture that is safely stored."""
        picture = reading.picture
        self.outcomes[reading.outcome] += 1
        if reading.is_claimed:
            self.outcomes -= Counter([Outcome.QUEUED])
        if reading.outcome is Outcome.FAILED:
            self._tell(
                Problem(
                    outcome=Outcome.FAILED,
                    reason=picture.error or "",
                    position=printable(picture.position) or self.position_of(picture.url),
                    url=picture.url,
                    failure=picture.failure,
                )
            )
        for remark in reading.remarks:
            self.remarked += 1
            if len(self.remarks) < _MOST_EXAMPLES:
                self.remarks.append(printable(f"{picture.file or picture.url}: {remark}"))

    def repeated(self, position: str, earlier: str, url: str) -> None:
        """Count a record whose URL came before."""
        why = f"{position} repeats {earlier}: {url}; give each picture one row, further captions in further columns."
        self._leave_out(Outcome.DUPLICATE, why, position, url)

    def unusable(self, row: UnusableRow) -> None:
        """Count a row that says nothing that could be stored."""
        self._leave_out(Outcome.UNUSABLE, row.problem, row.position, row.url)

    def _leave_out(self, outcome: Outcome, why: str, position: str, url: str | None) -> None:
        self.outcomes[outcome] += 1
        self._tell(Problem(outcome=outcome, reason=printable(why), position=printable(position), url=url))

    def _tell(self, problem: Problem) -> None:
        self.on_problem(problem)
        if len(self.problems) < _MOST_EXAMPLES:
            self.problems.append(problem)
