"""Open a picture that is asked with and need not be stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from clipsql.errors import DownloadError, ImageError
from clipsql.images.cropping import cropped
from clipsql.images.decoding import decode
from clipsql.images.hashing import content_hash
from clipsql.images.storing import as_file
from clipsql.picture import Box, file_of, is_on_the_web
from clipsql.sources.inside import read_file
from clipsql.web.downloading import Downloader, DownloadOptions

AnyPicture = str | Path | bytes | Image.Image
"""A file or its file: address, an http or https address, the bytes of a file, or a Pillow image."""


@dataclass(frozen=True)
class QueryPicture:
    """Upright RGB pixels, and the SHA-256 of the file's bytes; None for a Pillow image that is no file as it stands."""

    pixels: Image.Image
    sha256: bytes | None


def open_picture(
    picture: AnyPicture, *, crop: Box | None = None, allow_private_hosts: bool = False
) -> QueryPicture:
    """A picture to ask with, or a part of one; an address is downloaded as ingest does it.

    Raises ImageError, also for a `crop` outside the picture, and ConfigurationError.
    """
    opened = _open(picture, allow_private_hosts=allow_private_hosts)
    return opened if crop is None else QueryPicture(cropped(opened.pixels, crop), opened.sha256)


def _open(picture: AnyPicture, *, allow_private_hosts: bool) -> QueryPicture:
    if isinstance(picture, Image.Image):
        file = _file_of(picture)
        return QueryPicture(decode(as_file(picture)).pixels, None) if file is None else open_picture(file)
    if isinstance(picture, bytes):
        return _opened(picture)
    try:
        if is_on_the_web(str(picture)):
            with Downloader(DownloadOptions(allow_private_hosts=allow_private_hosts)) as web:
                return _opened(web.fetch(str(picture)).data)
        return _opened(read_file(file_of(str(picture)) or Path(picture)))
    except DownloadError as error:
        raise DownloadError(f"{picture}: {error}", failure=error.failure) from error
    except ImageError as error:
        raise ImageError(f"{picture}: {error}", failure=error.failure) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise ImageError(f"{picture} cannot be read: {reason}; check the path.") from error


def _opened(data: bytes) -> QueryPicture:
    return QueryPicture(decode(data).pixels, content_hash(data))


def _file_of(picture: Image.Image) -> Path | None:
    """The file that a Pillow image was opened from; None when it was made otherwise, or changed since."""
    name = getattr(picture, "filename", "")
    try:
        with Image.open(name) as again:
            return Path(name) if again == picture else None
    except OSError:
        return None
