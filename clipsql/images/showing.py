"""Pictures and addresses as a page shows them: small, inside the page, and safe to open."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

from clipsql.errors import ImageError
from clipsql.images.decoding import decode
from clipsql.images.storing import small_jpeg

SHOWN_SIDE = 320
"""The longer side of a picture on a page, in pixels."""


def shrunk(data: bytes | None, *, side: int = SHOWN_SIDE) -> str | None:
    """The picture in a file's bytes as the URI of a small JPEG; None when there are none, or no picture is in them."""
    if data is None:
        return None
    try:
        picture = decode(data, target_size=side).pixels
    except ImageError:
        return None
    return jpeg_uri(small_jpeg(picture, side=side)[0])


def jpeg_uri(jpeg: bytes | None) -> str | None:
    """A JPEG as a data: URI."""
    return None if jpeg is None else "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def plays(url: str) -> bool:
    """Whether a URL is of a video at a second, as those of its frames are."""
    return re.search(r"#t=[\d.,]+$", url) is not None


def safe_link(url: str) -> str | None:
    """The URL when a browser may safely open it."""
    try:
        return url if urlsplit(url).scheme in ("http", "https", "file") else None
    except ValueError:  # it is none
        return None
