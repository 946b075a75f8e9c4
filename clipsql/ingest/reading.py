"""Read one picture, of a source or of the queue, and decide what must be encoded and written for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from clipsql.db.pictures.records import NEAR_DUPLICATE_OF, StoredPicture, Thumbnail, is_same_row
from clipsql.encoding import Encoder
from clipsql.errors import ClipsqlError, FailureClass, ImageError, unexpected
from clipsql.images.decoding import Picture, decode
from clipsql.images.hashing import content_hash, fingerprint
from clipsql.images.storing import THUMBNAIL_SIDE, small_jpeg, store_original
from clipsql.ingest.local_files import memory_for, no_file, read_file
from clipsql.ingest.readings import IngestOptions, Outcome, Reading, ReadOptions, printable
from clipsql.picture import JsonValue, PictureRecord


def read_picture(
    picture: PictureRecord, stored: StoredPicture | None, *, encoder: Encoder, options: IngestOptions
) -> Reading:
    """Read a local picture of a source; decode it when its content is new, not embedded, or to be retried.

    What the source has read itself, or knows to be as it was, is not read again.
    """
    with memory_for(picture.file):
        if picture.sha256 is not None and stored is not None and not options.retries(stored.picture):
            return _as_it_was(picture, stored)
        data, picture = picture.content, replace(picture, content=None)
        if data is None:
            try:
                data = read_file(picture.file)
            except OSError as error:
                return _without_content(picture, stored, no_file(error), options)
        if stored is not None and stored.picture.sha256 == content_hash(data):
            if stored.picture.status == "failed" and not options.retries(stored.picture):
                return _left(picture, stored, Outcome.FAILED_BEFORE)
            if stored.is_embedded and not lacks_copies(stored, options):
                return with_known_content(picture, stored, data)
        return _decoded(picture, stored, data, encoder=encoder, options=options)


def _as_it_was(picture: PictureRecord, stored: StoredPicture) -> Reading:
    """The reading of a picture whose content is known to be as it is stored."""
    if stored.picture.status == "failed":
        return _left(picture, stored, Outcome.FAILED_BEFORE)
    return with_known_content(replace(picture, moment=None), stored)  # which is stored, too


def queue_picture(picture: PictureRecord, stored: StoredPicture | None, *, options: IngestOptions) -> Reading:
    """Decide without reading it whether a picture of a source shall wait for a worker, as those on the web do."""
    if stored is None:
        return _queued(picture, None, is_checked=False)
    status = stored.picture.status
    if status == "failed":
        if not options.retries(stored.picture):
            return _left(picture, stored, Outcome.FAILED_BEFORE)
        return _queued(picture, stored, is_checked=False)
    if options.refresh:
        return _queued(picture, stored, is_checked=False)
    if status == "embedded" and options.validate_only:
        return _left(picture, stored, Outcome.UNCHANGED)
    if lacks_copies(stored, options):
        return _queued(picture, stored, is_checked=False)
    if status == "embedded" and stored.is_embedded:
        reading = with_known_content(picture, stored)
        if not (options.enqueue_only and reading.captions_to_encode):
            return reading
    return _queued(picture, stored, is_checked=stored.picture.sha256 is not None)


def needs_content(stored: StoredPicture) -> bool:
    """Whether a waiting picture must be looked at; one that is embedded already may wait for its captions only."""
    return not (stored.is_embedded and stored.is_checked) or _lacks_regions(stored)


def read_claimed(
    stored: StoredPicture,
    content: bytes | ImageError | None,
    *,
    encoder: Encoder | None,
    options: ReadOptions,
) -> Reading:
    """What became of a picture of the queue: `content` is what it gave, None when it need not be looked at."""
    picture = stored.picture
    if isinstance(content, ImageError) and stored.is_embedded and stored.is_checked:
        # It came for its regions alone: the picture itself is as good as before.
        settled = replace(picture, status="embedded", failure=None, error=None)
        reading = Reading(
            picture=settled, stored=stored, outcome=Outcome.UPDATED, region_error=printable(str(content))
        )
    elif isinstance(content, ImageError):
        reading = failed(picture, stored, content)
    elif content is None or (
        stored.is_embedded and picture.sha256 == content_hash(content) and not lacks_copies(stored, options)
    ):
        settled = replace(picture, status="embedded", failure=None, error=None)
        reading = Reading(picture=settled, stored=stored, outcome=Outcome.UPDATED, content=content)
    else:
        # The copy of what is on the web is one of the content that was there before.
        picture = replace(picture, file=None) if picture.is_on_the_web else picture
        reading = _decoded(picture, stored, content, encoder=encoder, options=options)
    return replace(reading, is_claimed=True)


def _decoded(
    picture: PictureRecord,
    stored: StoredPicture | None,
    data: bytes,
    *,
    encoder: Encoder | None,
    options: ReadOptions,
) -> Reading:
    """The reading of a picture with these bytes: ready to be encoded, checked only, or failed."""
    try:
        return _looked_at(picture, stored, data, encoder=encoder, options=options)
    except ClipsqlError:
        raise
    except Exception as error:  # whatever a picture makes of its decoder, it fails alone
        told = replace(picture, sha256=content_hash(data))
        return failed(
            _told(told, picture), stored, ImageError(unexpected(error), failure=FailureClass.UNEXPECTED)
        )


def _looked_at(
    picture: PictureRecord,
    stored: StoredPicture | None,
    data: bytes,
    *,
    encoder: Encoder | None,
    options: ReadOptions,
) -> Reading:
    digest = content_hash(data)
    read = PictureRecord(picture.url, picture.file, sha256=digest)
    # A frame of a video is slow to find again.
    has_thumbnail = options.thumbnails or picture.moment is not None
    # Twice the target is kept, so a thumbnail needs half of its side.
    sides = [THUMBNAIL_SIDE // 2] if encoder is None or has_thumbnail else []
    if encoder is not None:
        sides.append(encoder.image_size)
    try:
        decoded = decode(
            data, target_size=max(sides), timezone=options.timezone, max_pixels=options.max_pixels
        )
    except ImageError as error:
        return beside(failed(_told(read, picture), None, error), stored)
    if options.store_images is not None and picture.is_on_the_web and picture.file is None:
        kept = store_original(options.store_images, data, digest=digest, format_name=decoded.format)
        read = replace(read, file=kept)
    read = replace(
        read,
        width=decoded.width,
        height=decoded.height,
        format=decoded.format,
        taken_at=decoded.taken_at,
        longitude=decoded.longitude,
        latitude=decoded.latitude,
        status="pending" if options.validate_only else "embedded",
    )
    has_embedding = stored is not None and stored.is_embedded and stored.picture.sha256 == digest
    reading = Reading(
        picture=_told(read, picture),
        stored=None,
        outcome=Outcome.CHECKED if options.validate_only else Outcome.ADDED,
        pixels=None
        if encoder is None or options.validate_only or has_embedding
        else encoder.preprocess([decoded.pixels])[0],
        content=data if stored is not None and stored.regions else None,
        fingerprint=fingerprint(decoded.pixels),
        thumbnail=_thumbnail(decoded) if has_thumbnail else None,
        remarks=decoded.remarks,
    )
    return beside(reading, stored)


def beside(reading: Reading, stored: StoredPicture | None) -> Reading:
    """The reading of a content as if nothing were stored, as what changes where `stored` is there."""
    if stored is None:
        return reading
    picture = reading.picture
    if stored.picture.sha256 == picture.sha256:
        marked = {**picture.metadata, **_marks(stored.picture)}
        picture = replace(picture, file=picture.file or stored.picture.file, metadata=marked)
    is_new = stored.picture.status == "pending" and stored.picture.sha256 is None
    is_updated = reading.outcome is Outcome.ADDED and not is_new
    outcome = Outcome.UPDATED if is_updated else reading.outcome
    return replace(reading, picture=picture, stored=stored, outcome=outcome)


def lacks_copies(stored: StoredPicture, options: ReadOptions) -> bool:
    """Whether the thumbnail or the original of a picture that is known shall be kept and is not yet."""
    if options.thumbnails and not stored.has_thumbnail:
        return True
    return options.store_images is not None and stored.picture.file is None and stored.picture.is_on_the_web


def _lacks_regions(stored: StoredPicture) -> bool:
    return any(not region.is_settled for region in stored.regions)


def _thumbnail(picture: Picture) -> Thumbnail:
    jpeg, width, height = small_jpeg(picture.pixels)
    return Thumbnail(jpeg=jpeg, width=width, height=height)


def _left(picture: PictureRecord, stored: StoredPicture, outcome: Outcome) -> Reading:
    """The reading of a picture whose row is left alone."""
    return Reading(picture=replace(picture, content=None), stored=stored, outcome=outcome, leaves_row=True)


def with_known_content(
    picture: PictureRecord, stored: StoredPicture, content: bytes | None = None
) -> Reading:
    """The reading of a picture whose content is as it is stored: it changes what its source tells, or nothing."""
    row = replace(stored.picture, file=picture.file or stored.picture.file)
    reading = Reading(picture=_told(row, picture), stored=stored, outcome=Outcome.UPDATED, content=content)
    captions_are_right = set(reading.wanted_captions) == set(reading.peoples_captions)
    nothing_to_encode = not (reading.captions_to_encode or (content and reading.regions_to_encode))
    if is_same_row(reading.picture, stored.picture) and captions_are_right and nothing_to_encode:
        if picture.moment is None:
            return _left(picture, stored, Outcome.UNCHANGED)
        # The same look, of another version of its video maybe.
        return replace(reading, outcome=Outcome.UNCHANGED)
    return reading


def _queued(picture: PictureRecord, stored: StoredPicture | None, *, is_checked: bool) -> Reading:
    """The reading of a picture that goes into the queue, or stays there; one that no worker could fetch fails now."""
    row = (
        PictureRecord(picture.url, picture.file)
        if stored is None
        else replace(stored.picture, status="pending", failure=None, error=None)
    )
    told = _told(row, picture)
    if not (is_checked or picture.is_on_the_web or picture.local_file):
        what = f'"{picture.url[:30]}" is no address to download from'
        why = f"{what}; give one that begins with http:// or https://, or a file"
        return failed(told, stored, ImageError(why, failure=FailureClass.BAD_URL))
    return Reading(
        picture=told,
        stored=stored,
        outcome=Outcome.QUEUED,
        is_checked=is_checked,
        file_to_read=picture.file,
    )


def _without_content(
    picture: PictureRecord, stored: StoredPicture | None, error: ImageError, options: IngestOptions
) -> Reading:
    if (
        stored is not None
        and stored.picture.status == "failed"
        and stored.picture.sha256 is None
        and not options.retries(stored.picture)
    ):
        return _left(picture, stored, Outcome.FAILED_BEFORE)
    reading = failed(_told(PictureRecord(picture.url, picture.file), picture), stored, error)
    # A disk that is not mounted today must not cost the embeddings of yesterday.
    return replace(reading, leaves_row=stored is not None and stored.picture.status == "embedded")


def failed(picture: PictureRecord, stored: StoredPicture | None, error: ImageError) -> Reading:
    """The reading of a picture that cannot be had, or of whose content nothing can be made."""
    told = replace(picture, status="failed", failure=str(error.failure), error=printable(str(error)))
    return Reading(picture=told, stored=stored, outcome=Outcome.FAILED)


def not_encoded(reading: Reading, error: Exception) -> Reading:
    """The reading of a picture that was read and that the model, or its captions, made nothing of."""
    reason = str(error) if isinstance(error, ClipsqlError) else unexpected(error)
    told = failed(reading.picture, reading.stored, ImageError(reason, failure=FailureClass.UNEXPECTED))
    return replace(told, is_claimed=reading.is_claimed)


def _told(known: PictureRecord, picture: PictureRecord) -> PictureRecord:
    """What is known of a picture, with what its source tells; time and place stay where the source is silent."""
    if picture.longitude is not None:
        known = replace(known, longitude=picture.longitude, latitude=picture.latitude)
    taken_at = picture.taken_at or known.taken_at
    if taken_at is not None and not 1 < taken_at.year < dt.MAXYEAR:
        # What clocks that were never set say; in some time zone it is a year that Python does not have.
        taken_at = None
    return replace(
        known,
        captions=picture.captions,
        taken_at=taken_at,
        metadata={**picture.metadata, **_marks(known)},
        moment=picture.moment,
    )


def _marks(picture: PictureRecord) -> dict[str, JsonValue]:
    """What clipsql itself noted in a picture's metadata; no source tells it again."""
    return {name: value for name, value in picture.metadata.items() if name == NEAR_DUPLICATE_OF}
