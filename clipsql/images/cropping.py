"""Cut a part out of a decoded picture."""

from __future__ import annotations

from PIL import Image

from clipsql.errors import ImageError
from clipsql.picture import Box


def cropped(pixels: Image.Image, box: Box) -> Image.Image:
    """The part of a picture that lies in a box. Raises ImageError when none does."""
    x, y, width, height = box
    right, bottom = min(x + width, pixels.width), min(y + height, pixels.height)
    if x < 0 or y < 0 or right <= x or bottom <= y:
        raise ImageError(
            f"the box {x},{y},{width},{height} lies outside the picture, which is {pixels.width} x {pixels.height}; "
            "give x, y, width and height in pixels of the upright picture"
        )
    return pixels.crop((x, y, right, bottom))
