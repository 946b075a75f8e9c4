"""Open a picture that is asked with and need not be stored."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from clipsql.errors import ImageError
from clipsql.images.decoding import decode


def open_picture(picture: str | Path | bytes | Image.Image) -> Image.Image:
    """The pixels of a file, of its bytes or of a Pillow image, upright, RGB. Raises ImageError."""
    if isinstance(picture, Image.Image):
        # Through bytes, so that orientation, transparency and depth are treated as for a file.
        held = io.BytesIO()
        picture.save(held, format=picture.format or "PNG")
        picture = held.getvalue()
    if isinstance(picture, bytes):
        return decode(picture).pixels
    try:
        return decode(Path(picture).read_bytes()).pixels
    except OSError as error:
        raise ImageError(f"{picture} cannot be read: {error.strerror}; check the path.") from error
    except ImageError as error:
        raise ImageError(f"{picture}: {error}") from error
