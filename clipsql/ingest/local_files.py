"""The bytes of pictures that lie on this machine, for whoever asked that they be read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from clipsql.db.pictures.records import StoredPicture
from clipsql.errors import FailureClass, ImageError
from clipsql.images.hashing import content_hash
from clipsql.images.memory import READING
from clipsql.picture import PictureRecord
from clipsql.sources import inside
from clipsql.sources.discovery import is_video

_COPIES = 2
"""Of a file at once: some are copied without what no decoder needs."""


def memory_for(file: Path | None) -> AbstractContextManager[None]:
    """Within the block there is memory for the file's bytes, until which it waits for other readers."""
    try:
        size = 0 if file is None else file.stat().st_size
    except (OSError, ValueError):  # for its reader to complain about
        size = 0
    return READING.held(_COPIES * size)


def read_file(file: Path | None) -> bytes:
    """The bytes of a picture's file, or of one inside another. Raises OSError."""
    if file is None:
        raise FileNotFoundError
    return inside.read_file(file)


def no_file(error: OSError) -> ImageError:
    """Why a local picture cannot be read."""
    if isinstance(error, FileNotFoundError):
        return ImageError("the file does not exist", failure=FailureClass.NO_FILE)
    return ImageError(f"the file cannot be read: {error.strerror or error}", failure=FailureClass.NO_FILE)


def kept_content(stored: StoredPicture) -> bytes | None:
    """The bytes of a waiting picture that lies on this machine; None when they must be had from the web.

    Files are read for whoever ingested them, and what was looked at before by its content: a row alone, which many may
    write, opens none. Raises ImageError for a local picture that cannot be read, or is not to be.
    """
    picture = stored.picture
    file = stored.file_to_read or _original(picture)
    if file is None and not picture.is_on_the_web and picture.local_file is not None:
        if stored.is_checked and picture.sha256 is not None:
            return _known_content(picture)
        raise ImageError(
            "its file lies on this machine, where it is read only when an ingest asks for it; list it in a column "
            "file, ingest its address with --allow-file-urls, or attach its table with may_read_files",
            failure=FailureClass.FILE_URL,
        )
    if file is None or (picture.is_on_the_web and not stored.is_checked):
        return None
    try:
        data = read_file(file)
    except OSError as error:
        if picture.is_on_the_web:
            return None
        raise no_file(error) from error
    return None if picture.is_on_the_web and content_hash(data) != picture.sha256 else data


def _known_content(picture: PictureRecord) -> bytes:
    """The bytes of a file that have the picture's digest: who knows that, has had the content.

    Raises ImageError, which does not tell whether another file lies there.
    """
    try:
        data = read_file(picture.local_file)
    except OSError:
        data = b""
    if content_hash(data) != picture.sha256:
        raise ImageError(
            "its file does not lie on this machine as it was when it was embedded; ingest it again",
            failure=FailureClass.NO_FILE,
        )
    return data


def memory_for_kept(stored: StoredPicture) -> AbstractContextManager[None]:
    """`memory_for` what `kept_content` reads."""
    return memory_for(stored.file_to_read or _original(stored.picture) or stored.picture.local_file)


def _original(picture: PictureRecord) -> Path | None:
    """The copy that was kept of a picture on the web, named after its content, or the video that it is a frame of."""
    file, digest = picture.file, picture.sha256
    if not picture.is_on_the_web or file is None or digest is None:
        return None
    return file if file.stem == digest.hex() or is_video(file.parent) else None
