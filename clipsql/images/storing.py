"""Keep pictures: originals in a folder by their content, small JPEGs of them, and what was never a file as one."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from PIL import Image

from clipsql import stores
from clipsql.errors import ConfigurationError

THUMBNAIL_SIDE = 256
"""The longer side of a thumbnail, in pixels."""


def store_original(folder: Path, data: bytes, *, digest: bytes, format_name: str) -> Path:
    """The file below `folder`, of this machine or a named store, that holds these bytes, named after their SHA-256.

    It is written unless it is there. A crash leaves no half file. Raises ConfigurationError when the folder cannot be
    written.
    """
    name = digest.hex()
    is_store = stores.address_of(folder) is not None
    below = folder if is_store else folder.absolute()
    file = below / name[:2] / name[2:4] / f"{name}.{format_name.lower()}"
    try:
        if is_store:
            stores.write(file, data)
            return file
        if file.is_file():
            return file
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(temporary).chmod(0o644)  # mkstemp's own mode would hide it from a web server
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"The folder for originals, {folder}, cannot be written: {error.strerror}; "
            "make room in it or choose another by --store-images."
        ) from error
    return file


def small_jpeg(image: Image.Image, *, side: int = THUMBNAIL_SIDE) -> tuple[bytes, int, int]:
    """A JPEG of an RGB picture, at most `side` pixels long and high, with its width and height."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    small.save(held, "JPEG", quality=82)
    return held.getvalue(), small.width, small.height


def as_file(picture: Image.Image) -> bytes:
    """The bytes of a file that holds a Pillow image without loss.

    Orientation, profile, transparency and depth are then treated as in any file.
    """
    held = io.BytesIO()
    is_in_tiff_only = picture.mode in ("CMYK", "YCbCr", "LAB", "F")
    picture.save(held, format="TIFF" if is_in_tiff_only else "PNG", exif=picture.getexif())
    return held.getvalue()
