"""Show on a picture where it is hot: bright and in colour there, dark and grey elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from clipsql.picture import Box

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


def framed(shown: Image.Image, box: Box, *, of_size: tuple[int, int]) -> Image.Image:
    """`shown`, a picture at any size, with a frame around a box in pixels of the picture at `of_size`."""
    scale = shown.width / of_size[0]
    x, y, width, height = (side * scale for side in box)
    edges = (x, y, min(x + width, shown.width) - 1, min(y + height, shown.height) - 1)
    thickness = max(2, round(max(shown.size) / 200))
    pen = ImageDraw.Draw(shown)
    # Dark around light: to be seen on any ground.
    pen.rectangle(edges, outline="black", width=2 * thickness)
    pen.rectangle(edges, outline="white", width=thickness)
    return shown


def best_box(heat: NDArray[np.float32], area: tuple[float, float, float, float]) -> Box:
    """The part of a picture that is hot around its hottest cell: those that touch and are past half way up to it.

    `heat` and `area` are as in `overlay`; x, y, width and height are in pixels of the picture.
    """
    level = (float(heat.max()) + float(np.median(heat))) / 2
    reached = {divmod(int(heat.argmax()), heat.shape[1])}
    frontier = list(reached)
    while frontier:
        row, column = frontier.pop()
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            is_inside = 0 <= near[0] < heat.shape[0] and 0 <= near[1] < heat.shape[1]
            if is_inside and near not in reached and heat[near] > level:
                reached.add(near)
                frontier.append(near)
    rows, columns = zip(*reached, strict=True)
    left, top, right, bottom = area
    wide, high = (right - left) / heat.shape[1], (bottom - top) / heat.shape[0]
    x, y = round(left + min(columns) * wide), round(top + min(rows) * high)
    end_x, end_y = round(left + (max(columns) + 1) * wide), round(top + (max(rows) + 1) * high)
    return x, y, max(1, end_x - x), max(1, end_y - y)
