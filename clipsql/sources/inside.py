"""Read a picture's file, which may lie inside a Parquet file, a tar or a video: then its path goes on inside that."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from clipsql import stores
from clipsql.sources import parquet_pictures, tar_members, video_pictures
from clipsql.sources.discovery import VIDEO_ENDINGS

_READERS = {
    ".parquet": parquet_pictures.read_picture,
    ".tar": tar_members.read_member,
    **dict.fromkeys(VIDEO_ENDINGS, video_pictures.read_picture),
}

_MOST_OF_A_STORE = 2**28
"""Bytes: many objects are read at once."""


def read_file(path: Path) -> bytes:
    """The bytes of a picture's file, of one inside another, or of an object in a store that the operator named.

    Raises OSError, for what would never end too, and ConfigurationError where a store's package is absent.
    """
    if stores.address_of(path) is not None:
        return _read_from_store(path)
    try:
        status = path.stat()
    except NotADirectoryError:
        return _read_inside(path)
    except ValueError as error:  # a NUL in its name
        raise OSError(errno.EINVAL, str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if status.st_size > tar_members.MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {status.st_size / 2**30:.1f} GB, at most 2 are read")
    return path.read_bytes()


def read_if_there(path: Path | None) -> bytes | None:
    """The bytes of a picture's file, as `read_file` gives them; None when the file is not on this machine any more."""
    try:
        return None if path is None else read_file(path)
    except OSError:
        return None


def _read_from_store(path: Path) -> bytes:
    archive = next((parent for parent in path.parents if parent.suffix.lower() == ".tar"), None)
    if archive is None:
        return stores.read(path, most_bytes=_MOST_OF_A_STORE)
    return tar_members.read_member(archive, path.relative_to(archive).parts)


def _read_inside(path: Path) -> bytes:
    container = next(parent for parent in path.parents if parent.exists())
    reader = _READERS.get(container.suffix.lower())
    if reader is None:
        raise FileNotFoundError
    return reader(container, path.relative_to(container).parts)
