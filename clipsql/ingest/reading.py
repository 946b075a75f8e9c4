"""Read one picture, of a source or of the queue, and decide what must be encoded and written for it."""

from __future__ import annotations

import datetime as dt
import errno
import stat
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import NEAR_DUPLICATE_OF, PictureFacts, StoredImage, Thumbnail
from clipsql.encoding import Encoder
from clipsql.errors import FailureClass, ImageError
from clipsql.images.decoding import Picture, decode
from clipsql.images.hashing import content_hash, perceptual_hash
from clipsql.images.storing import THUMBNAIL_SIDE, small_jpeg, store_original
from clipsql.ingest.readings import IngestOptions, Outcome, Reading, ReadOptions, printable
from clipsql.sources import SourceRecord

_MOST_BYTES = 2 * 2**30
"""Larger files are no pictures that can be decoded."""


def read_picture(
    record: SourceRecord, stored: StoredImage | None, *, encoder: Encoder, options: IngestOptions
) -> Reading:
    """Read the local picture of a record; decode it when its content is new, not embedded, or to be retried."""
    try:
        data = _content(record.file)
    except OSError as error:
        return _without_content(record, stored, _no_file(error), options)
    if stored is not None and stored.facts.sha256 == content_hash(data):
        if stored.facts.status == "failed" and not options.retries(stored.facts):
            return Reading(record=record, stored=stored, outcome=Outcome.FAILED_BEFORE)
        if stored.is_embedded and not _lacks_copies(stored, options):
            return _with_known_content(record, stored)
    return _decoded(record, stored, data, encoder=encoder, options=options)


def queue_picture(
    record: SourceRecord, stored: StoredImage | None, *, model: ModelRow | None, options: IngestOptions
) -> Reading:
    """Decide without reading it whether a picture shall wait for a worker, as those on the web do."""
    model_id = None if model is None else model.model_id
    if stored is None:
        facts = PictureFacts(
            url=record.url,
            file=_path(record),
            sha256=None,
            status="pending",
            pending_model_id=model_id,
            is_checked=False,
        )
        return _queued(record, None, facts)
    waiting = replace(
        stored.facts,
        status="pending",
        error=None,
        failure=None,
        pending_model_id=stored.facts.pending_model_id or model_id,
    )
    if stored.facts.status == "failed":
        if not options.retries(stored.facts):
            return Reading(record=record, stored=stored, outcome=Outcome.FAILED_BEFORE)
        return _queued(record, stored, replace(waiting, is_checked=False))
    if options.refresh:
        return _queued(record, stored, replace(waiting, is_checked=False))
    if stored.facts.status == "embedded" and options.validate_only:
        return Reading(record=record, stored=stored, outcome=Outcome.UNCHANGED)
    if _lacks_copies(stored, options):
        return _queued(record, stored, replace(waiting, is_checked=False))
    if stored.facts.status == "embedded" and stored.is_embedded:
        reading = _with_known_content(record, stored)
        if not (options.enqueue_only and reading.facts and reading.captions_to_encode):
            return reading
    return _queued(record, stored, waiting)


def needs_content(stored: StoredImage) -> bool:
    """Whether a pending picture must be looked at; one that is embedded already waits for its captions only."""
    return not (stored.is_embedded and stored.facts.is_checked)


def kept_content(stored: StoredImage) -> bytes | None:
    """The bytes of a pending picture that lies on this machine; None when they must be had from the web.

    Raises ImageError for a local picture that cannot be read.
    """
    facts = stored.facts
    if not _is_remote(facts.url):
        local = url2pathname(urlsplit(facts.url).path) if facts.url.startswith("file:") else None
        file = facts.file or local
        if file is None:
            return None
        try:
            return _content(Path(file))
        except OSError as error:
            raise _no_file(error) from error
    if facts.file is None or not facts.is_checked:
        return None
    try:
        data = _content(Path(facts.file))
    except OSError:
        return None
    return data if content_hash(data) == facts.sha256 else None


def read_claimed(
    stored: StoredImage, content: bytes | ImageError | None, *, encoder: Encoder | None, options: ReadOptions
) -> Reading:
    """What became of a picture of the queue: `content` is what it gave, None when it need not be looked at."""
    facts = stored.facts
    file = None if facts.file is None or _is_remote(facts.url) else Path(facts.file)
    record = SourceRecord(
        facts.url, file, (), facts.taken_at, facts.longitude, facts.latitude, facts.metadata, facts.url
    )
    if isinstance(content, ImageError):
        reading = _failed(record, stored, facts, content)
    elif content is None or (
        stored.is_embedded and facts.sha256 == content_hash(content) and not _lacks_copies(stored, options)
    ):
        settled = replace(facts, status="embedded", error=None, failure=None, pending_model_id=None)
        reading = Reading(record=record, stored=stored, outcome=Outcome.UPDATED, facts=settled)
    else:
        reading = _decoded(record, stored, content, encoder=encoder, options=options)
    return replace(reading, is_claimed=True)


def _decoded(
    record: SourceRecord,
    stored: StoredImage | None,
    data: bytes,
    *,
    encoder: Encoder | None,
    options: ReadOptions,
) -> Reading:
    """The reading of a picture with these bytes: ready to be encoded, checked only, or failed."""
    digest = content_hash(data)
    is_known = stored is not None and stored.facts.sha256 == digest
    file = stored.facts.file if stored is not None and is_known and record.file is None else _path(record)
    marks = stored.facts.metadata if stored is not None and is_known else {}
    facts = PictureFacts(url=record.url, file=file, sha256=digest, metadata=marks)
    # Twice the target is kept, so a thumbnail needs half of its side.
    sides = [THUMBNAIL_SIDE // 2] if encoder is None or options.thumbnails else []
    if encoder is not None:
        sides.append(encoder.image_size)
    try:
        picture = decode(
            data, target_size=max(sides), timezone=options.timezone, max_pixels=options.max_pixels
        )
    except ImageError as error:
        return _failed(record, stored, facts, error)
    if options.store_images is not None and _is_remote(record.url) and record.file is None:
        kept = store_original(options.store_images, data, digest=digest, format_name=picture.format)
        facts = replace(facts, file=str(kept))
    known_hash = stored.facts.perceptual_hash if stored is not None and is_known else None
    facts = replace(
        _of_picture(facts, picture),
        # Models of other input sizes decode a picture at another size: a bit may then turn.
        perceptual_hash=perceptual_hash(picture.pixels) if known_hash is None else known_hash,
        status="pending" if options.validate_only else "embedded",
    )
    has_embedding = stored is not None and is_known and stored.is_embedded
    is_new = stored is None or (stored.facts.status == "pending" and stored.facts.sha256 is None)
    outcome = Outcome.ADDED if is_new else Outcome.UPDATED
    return Reading(
        record=record,
        stored=stored,
        outcome=Outcome.CHECKED if options.validate_only else outcome,
        facts=_described(facts, record),
        pixels=None
        if encoder is None or options.validate_only or has_embedding
        else encoder.preprocess([picture.pixels])[0],
        thumbnail=_thumbnail(picture) if options.thumbnails else None,
        remarks=picture.remarks,
    )


def _lacks_copies(stored: StoredImage, options: ReadOptions) -> bool:
    """Whether the thumbnail or the original of a picture that is known shall be kept and is not yet."""
    if options.thumbnails and not stored.has_thumbnail:
        return True
    return options.store_images is not None and stored.facts.file is None and _is_remote(stored.facts.url)


def _of_picture(facts: PictureFacts, picture: Picture) -> PictureFacts:
    return replace(
        facts,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        taken_at=picture.taken_at,
        longitude=picture.longitude,
        latitude=picture.latitude,
    )


def _thumbnail(picture: Picture) -> Thumbnail:
    jpeg, width, height = small_jpeg(picture.pixels)
    return Thumbnail(jpeg=jpeg, width=width, height=height)


def _with_known_content(record: SourceRecord, stored: StoredImage) -> Reading:
    facts = replace(stored.facts, file=_path(record) if record.file else stored.facts.file)
    reading = Reading(record=record, stored=stored, outcome=Outcome.UPDATED, facts=_described(facts, record))
    captions_are_right = set(reading.wanted_captions) == {caption.body for caption in stored.captions}
    if reading.facts == stored.facts and captions_are_right and not reading.captions_to_encode:
        return Reading(record=record, stored=stored, outcome=Outcome.UNCHANGED)
    return reading


def _queued(record: SourceRecord, stored: StoredImage | None, facts: PictureFacts) -> Reading:
    return Reading(record=record, stored=stored, outcome=Outcome.QUEUED, facts=_described(facts, record))


def _without_content(
    record: SourceRecord, stored: StoredImage | None, error: ImageError, options: IngestOptions
) -> Reading:
    if stored is not None and stored.facts.status == "embedded":
        # A disk that is not mounted today must not cost the embeddings of yesterday.
        return Reading(record=record, stored=stored, outcome=Outcome.FAILED, problem=str(error))
    if (
        stored is not None
        and stored.facts.status == "failed"
        and stored.facts.sha256 is None
        and not options.retries(stored.facts)
    ):
        return Reading(record=record, stored=stored, outcome=Outcome.FAILED_BEFORE)
    return _failed(record, stored, PictureFacts(url=record.url, file=_path(record), sha256=None), error)


def _failed(
    record: SourceRecord, stored: StoredImage | None, facts: PictureFacts, error: ImageError
) -> Reading:
    problem = printable(str(error))
    facts = replace(
        facts,
        status="failed",
        error=problem,
        failure=str(error.failure),
        pending_model_id=None,
        is_checked=True,
    )
    return Reading(
        record=record,
        stored=stored,
        outcome=Outcome.FAILED,
        facts=_described(facts, record),
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
    marks = {name: value for name, value in facts.metadata.items() if name == NEAR_DUPLICATE_OF}
    return replace(facts, metadata={**record.metadata, **marks}, taken_at=taken_at)


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


def _is_remote(url: str) -> bool:
    return url[:6].lower().startswith(("http:", "https:"))


def _path(record: SourceRecord) -> str | None:
    """The file as text that PostgreSQL can store; None where the name is not UTF-8, the URL has it then."""
    if record.file is None or printable(str(record.file)) != str(record.file):
        return None
    return str(record.file)


def _no_file(error: OSError) -> ImageError:
    """Why a local picture cannot be read."""
    if isinstance(error, FileNotFoundError):
        return ImageError("the file does not exist", failure=FailureClass.NO_FILE)
    return ImageError(f"the file cannot be read: {error.strerror or error}", failure=FailureClass.NO_FILE)
