"""Show on a picture where it is hot: bright and in colour there, dark and grey elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

_LONGEST_SIDE = 960
_DARKNESS = 0.35
"""Brightness of the coldest parts: still to be made out."""


def overlay(
    picture: Image.Image, heat: NDArray[np.float32], area: tuple[float, float, float, float]
) -> Image.Image:
    """The picture, RGB, with `heat`, shape (rows, columns), over `area`: left, top, right, bottom in its pixels.

    The hottest cell keeps its colour, the coldest and all outside the area turn dark and grey.
    """
    shrink = min(1.0, _LONGEST_SIDE / max(picture.size))
    shown = picture.convert("RGB").resize([max(1, round(side * shrink)) for side in picture.size])
    spread = float(heat.max() - heat.min())
    levels = (heat - heat.min()) / spread if spread > 0 else np.zeros_like(heat)
    cells = Image.fromarray((255 * levels).astype(np.uint8))
    left, top, right, bottom = (round(edge * shrink) for edge in area)
    mask = Image.new("L", shown.size, 0)
    mask.paste(
        cells.resize((max(1, right - left), max(1, bottom - top)), Image.Resampling.BICUBIC), (left, top)
    )
    cold = ImageEnhance.Brightness(shown.convert("L").convert("RGB")).enhance(_DARKNESS)
    return Image.composite(shown, cold, mask)
