"""Turn pixels of any mode into opaque RGB of the size that is wanted, without ever copying all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql.images.depth import levels
from clipsql.images.profiles import to_srgb

BAND_PIXELS = 2**20
"""Pixels that are made opaque at once: few beside the picture, enough that it costs no time."""


def to_rgb(image: Image.Image, *, factor: int = 1) -> Image.Image:
    """The picture in sRGB, a `factor` smaller each way; transparency lies over white, deep greys become 8 bits.

    Colours follow the picture's ICC profile or gamma. A full-size copy is made only where `factor` is 1.
    """
    greys = _grey_levels(image)
    width, height = image.size
    rows = height if factor == 1 else max(1, BAND_PIXELS // width // factor) * factor
    small: Image.Image | None = None
    for top in range(0, height, rows):
        # A crop is a copy: not of a picture that is one band only.
        band = image if rows >= height else image.crop((0, top, width, min(top + rows, height)))
        band = _opaque(band, greys)
        if factor > 1:
            band = band.reduce(factor)
        if rows >= height:
            small = band
            break
        if small is None:
            small = Image.new(band.mode, (-(-width // factor), -(-height // factor)))
        small.paste(band, (0, top // factor))
    assert small is not None
    told = image.info
    gamma = None if "srgb" in told else told.get("gamma")
    return to_srgb(small, told.get("icc_profile"), gamma=gamma)


def _opaque(band: Image.Image, greys: NDArray[np.uint8] | None) -> Image.Image:
    """The band in the mode L, RGB, CMYK or LAB."""
    if greys is not None:
        deep = np.asarray(band)
        grey = Image.fromarray(greys[deep])
        clear = band.info.get("transparency")
        if isinstance(clear, int):
            grey.paste(255, mask=Image.fromarray((deep == clear).astype(np.uint8) * 255))
        return grey
    if band.has_transparency_data:
        layer = band.convert("RGBA")
        white = Image.new("RGB", band.size, "white")
        white.paste(layer, mask=layer.getchannel("A"))
        return white
    if band.mode == "1":
        return band.convert("L")
    return band if band.mode in ("L", "RGB", "CMYK", "LAB") else band.convert("RGB")


def _grey_levels(image: Image.Image) -> NDArray[np.uint8] | None:
    """The 8-bit grey for each value of 16-bit greys, None for other pictures."""
    if not image.mode.startswith("I;16"):
        return None
    extrema = image.getextrema()
    brightest = extrema[1]
    assert isinstance(brightest, int | float)
    return levels(int(brightest))
