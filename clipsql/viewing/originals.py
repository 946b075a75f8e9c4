"""Pixels of stored pictures: their content once more, from the file or the web address that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from PIL import Image as Picture

from clipsql.db.model_questions import Original
from clipsql.errors import ClipsqlError, FailureClass, ImageError, unexpected
from clipsql.images.decoding import decode
from clipsql.images.hashing import content_hash
from clipsql.picture import is_on_the_web
from clipsql.sources.inside import read_if_there
from clipsql.web.downloading import Download, Downloader

_TARGET_SIZE = 400
"""Shortest side that is kept twice: no model of these kinds takes pictures of more than 800 pixels."""


def read_originals(originals: Sequence[Original], web: Downloader) -> dict[int, Picture.Image | ImageError]:
    """Upright RGB pixels by image_id, or why a picture cannot be had.

    A file is looked at only as it was when the picture was embedded, by its digest: a row, which many may write, opens
    no other. What is on the web is downloaded as ingest does it, all at once.
    """
    data = {original.image_id: _in_file(original) for original in originals}
    downloads = {
        original.image_id: web.submit(original.url)
        for original in originals
        if data[original.image_id] is None and is_on_the_web(original.url)
    }
    return {image_id: _opened(content, downloads.get(image_id)) for image_id, content in data.items()}


def _in_file(original: Original) -> bytes | None:
    content = read_if_there(original.file)
    return content if content is not None and content_hash(content) == original.sha256 else None


def _opened(content: bytes | None, download: Future[Download] | None) -> Picture.Image | ImageError:
    try:
        if content is None and download is None:
            return ImageError(
                "its file does not lie on this machine as it was when it was embedded; ingest it again",
                failure=FailureClass.NO_FILE,
            )
        return decode(content or download.result().data, target_size=_TARGET_SIZE).pixels  # type: ignore[union-attr]
    except ImageError as error:
        return error
    except ClipsqlError:
        raise
    except Exception as error:  # whatever a picture makes of its decoder, it fails alone
        return ImageError(unexpected(error), failure=FailureClass.UNEXPECTED)


def plain_picture() -> Picture.Image:
    """A picture with which nothing is wrong."""
    return Picture.new("RGB", (64, 64), "grey")
