"""A tiny world to train on: squares of a colour in a corner. It loads no torch, as worker processes import it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

PAINTS = {"red": (220, 20, 20), "green": (20, 160, 40), "blue": (30, 60, 220), "white": (250, 250, 250)}
CORNERS = ("top left", "top right", "bottom left", "bottom right")
NAMES = tuple((colour, corner) for colour in PAINTS for corner in CORNERS)
SIDE = 16


class Squares:
    """Every colour in every corner, `copies` times before a lighter and lighter grey, with two captions each."""

    def __init__(self, copies: int = 4) -> None:
        self._copies = copies

    def __len__(self) -> int:
        return len(NAMES) * self._copies

    def image(self, number: int) -> Image.Image:
        colour, corner = NAMES[number % len(NAMES)]
        shade = 60 + 8 * (number // len(NAMES))
        picture = Image.new("RGB", (SIDE, SIDE), (shade, shade, shade))
        place = (SIDE // 2 * ("right" in corner), SIDE // 2 * ("bottom" in corner))
        picture.paste(PAINTS[colour], (*place, place[0] + SIDE // 2, place[1] + SIDE // 2))
        return picture

    def captions(self, number: int) -> Sequence[str]:
        colour, corner = NAMES[number % len(NAMES)]
        return f"a {colour} square, {corner}", f"{corner}: {colour}"


class PlainProcessor:
    """Called like an image processor of transformers, but only turns pictures into arrays."""

    def __call__(self, images: Sequence[Image.Image], **_: Any) -> dict[str, Any]:
        return {"pixel_values": np.stack([np.asarray(image).transpose(2, 0, 1) for image in images])}
