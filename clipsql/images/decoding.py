"""Decode a picture file's bytes into upright RGB pixels, with the time and place it was taken."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from clipsql.errors import FailureClass, ImageError
from clipsql.images import exif

MAX_PIXELS = 178_956_970
"""Larger pictures are refused before they are decoded: about 720 MB as RGB in memory. Pillow's own limit."""

MAX_ASPECT_RATIO = 500
"""Longer pictures are squeezed: a model scales the short side up and would make 672000 x 224 of 6000 x 2."""

FORMAT_NAMES = "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC and AVIF"

# Pillow remarks on broken EXIF blocks and the like through `warnings`; what matters raises, so there is
# nothing more to tell. `warnings.catch_warnings` around each call would not be safe with several threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.\w+ImagePlugin")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the stored picture upright."""

# The readers are called directly: `Image.open` would try formats nobody wants here (PostScript among them)
# and warn about large pictures, and its JPEG opener warns about some stereo pictures.
_READERS: tuple[tuple[int, tuple[bytes, ...], type[ImageFile.ImageFile]], ...] = (
    (0, (b"\xff\xd8\xff",), JpegImageFile),
    (0, (b"\x89PNG\r\n\x1a\n",), PngImageFile),
    (8, (b"WEBP",), WebPImageFile),
    (0, (b"GIF87a", b"GIF89a"), GifImageFile),
    (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImageFile),
    (0, (b"BM",), BmpImageFile),
    # "mif1" and "msf1" may hold either codec, so both readers get their try.
    (4, (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmsf1"), AvifImageFile),
    (4, (b"ftyphe", b"ftypmif1", b"ftypmsf1"), HeifImageFile),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture: upright RGB pixels, and the upright `width` and `height` in full resolution."""

    pixels: Image.Image
    width: int
    height: int
    format: str
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None


def decode(data: bytes, *, target_size: int | None = None, timezone: tzinfo = UTC) -> Picture:
    """The picture in a file's bytes; what the bytes are decides the format, not a name.

    EXIF orientation is applied, transparency lies over white, 16-bit values are scaled to 8, of an animation
    the first frame counts, broken EXIF is dropped. `target_size` is the shortest side a model needs: the
    pixels then keep at least twice that, but no needless more. `timezone` holds for times without an offset.
    Raises ImageError with a one-line reason.
    """
    image = _open(data)
    try:
        size = image.size
        if target_size is not None and isinstance(image, JpegImageFile):
            image.draft(None, (2 * target_size, 2 * target_size))
        drafted = image.size != size
        image.load()
        if not drafted:
            size = image.size  # some readers turn the picture upright while they load it
        pixels = _rgb(image)
    except Exception as error:  # damaged bytes make decoders raise nearly anything
        raise ImageError(_broken(image.format, error)) from error
    orientation, taken_at, place = _metadata(image, timezone)
    if target_size is not None:
        pixels = _shrink(pixels, target_size)
    if orientation in _UPRIGHT:
        pixels = pixels.transpose(_UPRIGHT[orientation])
    elif pixels is image:
        pixels = image.copy()  # lets go of the file's bytes
    pixels.info = {}  # an orientation left here would have somebody turn the picture again
    width, height = size[::-1] if orientation in (5, 6, 7, 8) else size
    longitude, latitude = place or (None, None)
    return Picture(pixels, width, height, image.format or "", taken_at, longitude, latitude)


def check_beginning(data: bytes) -> None:
    """Raise ImageError saying what the file is instead, when its first kilobyte is of no picture that is decoded."""
    if not any(data.startswith(signatures, offset) for offset, signatures, _ in _READERS):
        raise _unknown(data)


def _open(data: bytes) -> ImageFile.ImageFile:
    failure: ImageError | None = None
    for offset, signatures, reader in _READERS:
        if not data.startswith(signatures, offset):
            continue
        try:
            image = reader(io.BytesIO(data), "")
        except Exception as error:  # as above; the next reader may know better
            failure = ImageError(_broken(reader.format, error))
            continue
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ImageError(
                f"the picture is {width} x {height}, {width * height / 1e6:,.0f} megapixels; "
                f"at most {MAX_PIXELS / 1e6:,.0f} are decoded, so scale it down"
            )
        return image
    raise failure or _unknown(data)


def _broken(name: str | None, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"the {name or 'picture'} data is damaged or cut short ({reason}); get the file again"


def _unknown(data: bytes) -> ImageError:
    return ImageError(f"{_what_it_is(data)}; pictures are {FORMAT_NAMES}", failure=FailureClass.NOT_AN_IMAGE)


def _what_it_is(data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "the file is empty"
    if start.startswith(b"%pdf"):
        return "the file is a PDF document, not a picture"
    if start.startswith((b"<!doctype html", b"<html")):
        return "the file is a web page, not a picture"
    if b"<svg" in start:
        return "the file is an SVG drawing, not a picture of pixels"
    if start[4:8] == b"ftyp":
        return "the file is a video, not a picture"
    try:
        data[:1024].decode("ascii")
    except UnicodeDecodeError:
        return "the file is no picture of a known format"
    return "the file is text, not a picture"


def _metadata(
    image: ImageFile.ImageFile, timezone: tzinfo
) -> tuple[int, datetime | None, tuple[float, float] | None]:
    try:
        block = image.getexif()
        orientation = block.get(Base.Orientation, 1)
        return orientation, exif.taken_at(block, timezone=timezone), exif.position(block)
    except Exception:  # a broken block raises nearly anything and says nothing to rely on
        return 1, None, None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        return _stretched(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(layer, mask=layer.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """32-bit greys say nothing of their range: the darkest becomes black, the brightest white."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = values.min(), values.max()
    return Image.fromarray(((values - low) * (255 / ((high - low) or 1))).astype(np.uint8))


def _shrink(pixels: Image.Image, target_size: int) -> Image.Image:
    factor = min(pixels.size) // (2 * target_size)
    if factor > 1:
        pixels = pixels.reduce(factor)
    longest = MAX_ASPECT_RATIO * min(pixels.size)
    if max(pixels.size) > longest:
        width, height = pixels.size
        pixels = pixels.resize((min(width, longest), min(height, longest)), Image.Resampling.BOX)
    return pixels
