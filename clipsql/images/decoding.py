"""Decode a picture file's bytes into upright RGB pixels, with the time and place it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from PIL import Image, ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile

from clipsql.errors import FailureClass, ImageError
from clipsql.images import exif
from clipsql.images.colours import to_rgb
from clipsql.images.formats import broken, halvings, open_image
from clipsql.images.memory import DECODING, bytes_to_decode, give_back_freed_memory

MAX_PIXELS = 500_000_000
"""Larger pictures are refused before they are decoded, unless a caller sets another bound: 2 GB in memory."""

MAX_ASPECT_RATIO = 500
"""Longer pictures are squeezed: a model scales the short side up and would make 672000 x 224 of 6000 x 2."""

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


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture: upright RGB pixels, and the upright `width` and `height` in full resolution.

    `remarks` tell why a time or place that the file has was not taken from it.
    """

    pixels: Image.Image
    width: int
    height: int
    format: str
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    remarks: tuple[str, ...]


def decode(
    data: bytes, *, target_size: int | None = None, timezone: tzinfo = UTC, max_pixels: int = MAX_PIXELS
) -> Picture:
    """The picture in a file's bytes; what the bytes are decides the format, not a name.

    EXIF orientation and the ICC profile are applied, transparency lies over white, deep values are scaled to 8
    bits, of an animation the first frame counts, broken EXIF is dropped. `target_size` is the shortest side a model
    needs: the pixels then keep at least twice that, but no needless more. `timezone` holds for times without an
    offset. Threads that decode at once share DECODING. Raises ImageError with a one-line reason.
    """
    image = open_image(data)
    width, height = size = image.size
    if width * height > max_pixels:
        raise ImageError(
            f"the picture is {width} x {height}, {width * height / 1e6:,.0f} megapixels; at most "
            f"{max_pixels / 1e6:,.0f} are decoded, so scale it down or raise --max-megapixels",
            failure=FailureClass.TOO_LARGE,
        )
    try:
        draft(image, target_size)
        wanted = bytes_to_decode(image, size, factor=factor(image, target_size))
        with DECODING.held(wanted):
            try:
                is_whole = image.size == size and not isinstance(image, Jpeg2KImageFile)
                pixels = _pixels(image, target_size)
                if is_whole:
                    size = image.size  # some readers turn the picture upright while they load it
                facts = exif.read_facts(image, timezone=timezone)
            finally:
                image.close()  # its memory is free before its share is given back
                give_back_freed_memory(wanted)
    except Exception as error:  # damaged bytes make decoders raise nearly anything
        raise broken(image.format, error) from error
    if target_size is not None:
        pixels = _squeezed(pixels)
    if facts.orientation in _UPRIGHT:
        pixels = pixels.transpose(_UPRIGHT[facts.orientation])
    width, height = size[::-1] if facts.orientation in (5, 6, 7, 8) else size
    longitude, latitude = facts.place or (None, None)
    return Picture(
        pixels, width, height, image.format or "", facts.taken_at, longitude, latitude, facts.remarks
    )


def draft(image: ImageFile.ImageFile, target_size: int | None) -> None:
    """Have the decoder leave out resolution that nobody needs, where the format lets it."""
    if target_size is None:
        return
    if isinstance(image, JpegImageFile):
        image.draft(None, (2 * target_size, 2 * target_size))
    elif isinstance(image, Jpeg2KImageFile):
        image.reduce = min(factor(image, target_size).bit_length() - 1, halvings(image))


def _pixels(file: ImageFile.ImageFile, target_size: int | None) -> Image.Image:
    """RGB pixels, not yet upright, at least twice the target size."""
    frame = file.tile[0].extents if isinstance(file, GifImageFile) and file.tile else None
    file.load()
    if isinstance(file, Jpeg2KImageFile):
        file.reduce = 0  # it hides the method of this name
    image: Image.Image = file
    if frame is not None and frame != (0, 0, *image.size):
        # What the first frame does not cover is transparent, whatever the background colour.
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(to_rgb(image.crop(frame)), frame)
        image = canvas
    pixels = to_rgb(image, factor=factor(image, target_size))
    if pixels is image:
        pixels = image.copy()  # lets go of the file's bytes
    pixels.info = {}  # an orientation left here would have somebody turn the picture again
    return pixels


def _squeezed(pixels: Image.Image) -> Image.Image:
    """The pixels, a very long side cut down to what a model can make anything of."""
    width, height = pixels.size
    longest = MAX_ASPECT_RATIO * min(width, height)
    if max(width, height) <= longest:
        return pixels
    return pixels.resize((min(width, longest), min(height, longest)), Image.Resampling.BOX)


def factor(image: Image.Image, target_size: int | None) -> int:
    """How many times smaller a decoded picture may be made."""
    return 1 if target_size is None else max(1, min(image.size) // (2 * target_size))
