"""Read one record of a source and decide what must be encoded and written for it."""

from __future__ import annotations

import datetime as dt
import errno
import re
import stat
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipsql.db.pictures import PictureFacts, StoredCaption, StoredImage
from clipsql.encoding import Encoder
from clipsql.errors import ImageError
from clipsql.images.decoding import decode
from clipsql.images.hashing import content_hash
from clipsql.sources import SourceRecord

_MOST_BYTES = 2 * 2**30
"""Larger files are no pictures that can be decoded."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff]")


class Outcome(StrEnum):
    """What became of one record of the source."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    FAILED_BEFORE = "failed before"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """How to ingest: `language` is that of captions in Latin script, `timezone` that of times without offset."""

    collection: str
    retry_failed: bool = False
    language: str = "en"
    timezone: dt.tzinfo = dt.UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A record after reading.

    `facts` is what its row shall hold, None to leave the row alone; `pixels`, float32 (3, height, width), are
    there when they must be encoded; `problem` says why the picture could not be read.
    """

    record: SourceRecord
    stored: StoredImage | None
    outcome: Outcome
    facts: PictureFacts | None = None
    pixels: NDArray[np.float32] | None = None
    problem: str | None = None

    @property
    def content_changed(self) -> bool:
        """Whether embeddings of an earlier content are stored, or may be."""
        return (
            self.stored is not None
            and self.facts is not None
            and self.stored.facts.sha256 != self.facts.sha256
        )

    @property
    def described_image(self) -> int | None:
        """The image_id of a row that holds `facts` already; one that failed again has its attempts counted."""
        if self.stored is None or self.problem is not None or self.stored.facts != self.facts:
            return None
        return self.stored.image_id

    @property
    def stored_captions(self) -> tuple[StoredCaption, ...]:
        """Captions that the database holds now."""
        return () if self.stored is None else self.stored.captions

    @property
    def wanted_captions(self) -> tuple[str, ...]:
        """Captions that the database shall hold; a source without captions leaves what is there."""
        given = tuple(dict.fromkeys(self.record.captions))
        return given or tuple(caption.body for caption in self.stored_captions)

    @property
    def captions_to_encode(self) -> list[str]:
        """Wanted captions without an embedding; those of a picture that cannot be read wait for it."""
        if self.problem is not None:
            return []
        embedded = {caption.body for caption in self.stored_captions if caption.is_embedded}
        return [body for body in self.wanted_captions if body not in embedded]


def read_picture(
    record: SourceRecord, stored: StoredImage | None, *, encoder: Encoder, options: IngestOptions
) -> Reading:
    """Read the picture of a record; decode it when its content is new, has no embedding, or is to be retried."""
    try:
        data = _content(record.file)
    except OSError as error:
        return _without_content(record, stored, _reason(error), options)
    digest = content_hash(data)
    if stored is not None and stored.facts.sha256 == digest:
        if stored.facts.error is not None and not options.retry_failed:
            return Reading(record=record, stored=stored, outcome=Outcome.FAILED_BEFORE)
        if stored.is_embedded:
            return _with_known_content(record, stored)
    facts = PictureFacts(url=record.url, file=_path(record), sha256=digest)
    try:
        picture = decode(data, target_size=encoder.image_size, timezone=options.timezone)
    except ImageError as error:
        return _failed(record, stored, facts, printable(str(error)))
    facts = replace(
        facts,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        taken_at=picture.taken_at,
        longitude=picture.longitude,
        latitude=picture.latitude,
    )
    return Reading(
        record=record,
        stored=stored,
        outcome=Outcome.ADDED if stored is None else Outcome.UPDATED,
        facts=_described(facts, record),
        pixels=encoder.preprocess([picture.pixels])[0],
    )


def caption_language(body: str, *, default: str) -> str:
    """ISO 639-1 code of a caption: Japanese and Chinese are told by their script, the rest is `default`."""
    if _KANA.search(body):
        return "ja"
    return "zh" if _HAN.search(body) else default


def printable(text: str) -> str:
    """`text` with the bytes of a file name that are not UTF-8 replaced, fit for PostgreSQL and terminals."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "\ufffd")


def _with_known_content(record: SourceRecord, stored: StoredImage) -> Reading:
    reading = Reading(
        record=record,
        stored=stored,
        outcome=Outcome.UPDATED,
        facts=_described(replace(stored.facts, file=_path(record)), record),
    )
    captions_are_right = set(reading.wanted_captions) == {caption.body for caption in stored.captions}
    if reading.facts == stored.facts and captions_are_right and not reading.captions_to_encode:
        return Reading(record=record, stored=stored, outcome=Outcome.UNCHANGED)
    return reading


def _without_content(
    record: SourceRecord, stored: StoredImage | None, problem: str, options: IngestOptions
) -> Reading:
    if stored is not None and stored.facts.error is None:
        # A disk that is not mounted today must not cost the embeddings of yesterday.
        return Reading(record=record, stored=stored, outcome=Outcome.FAILED, problem=problem)
    if stored is not None and stored.facts.sha256 is None and not options.retry_failed:
        return Reading(record=record, stored=stored, outcome=Outcome.FAILED_BEFORE)
    return _failed(record, stored, PictureFacts(url=record.url, file=_path(record), sha256=None), problem)


def _failed(record: SourceRecord, stored: StoredImage | None, facts: PictureFacts, problem: str) -> Reading:
    return Reading(
        record=record,
        stored=stored,
        outcome=Outcome.FAILED,
        facts=_described(replace(facts, error=problem), record),
        problem=problem,
    )


def _described(facts: PictureFacts, record: SourceRecord) -> PictureFacts:
    """`facts` with what the source says; time and place of the picture itself stay where the source is silent."""
    if record.longitude is not None:
        facts = replace(facts, longitude=record.longitude, latitude=record.latitude)
    taken_at = record.taken_at or facts.taken_at
    if taken_at is not None and not 1 < taken_at.year < dt.MAXYEAR:
        # What clocks that were never set say; in some time zone it is a year that Python does not have.
        taken_at = None
    return replace(facts, metadata=record.metadata, taken_at=taken_at)


def _content(file: Path | None) -> bytes:
    """The bytes of a picture file. Raises OSError, for what would never end or fill the memory too."""
    if file is None:
        raise FileNotFoundError
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if status.st_size > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {status.st_size / 2**30:.1f} GB, at most 2 are read")
    return file.read_bytes()


def _path(record: SourceRecord) -> str | None:
    """The file as text that PostgreSQL can store; None where the name is not UTF-8, the URL has it then."""
    if record.file is None or printable(str(record.file)) != str(record.file):
        return None
    return str(record.file)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    return f"the file cannot be read: {error.strerror or error}"
