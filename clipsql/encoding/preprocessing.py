"""Turn pictures into the pixels a model wants, as its processor does but faster and in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql.errors import ModelError

# A picture that much longer than the crop, once resized, is cut before it is resized:
# 6000 x 2 pixels would otherwise grow to 672,000 x 224.
_LONGEST_RATIO = 16


@dataclass(frozen=True, eq=False)
class Recipe:
    """Resize, crop at the centre, look every byte up: what most image processors do, with less copying."""

    shortest_edge: int | None  # resize to this shortest side ...
    size: tuple[int, int] | None  # ... or to this width and height
    resample: Image.Resampling
    crop: tuple[int, int] | None  # width, height
    table: NDArray[np.float32]  # (3, 256): the value of each byte, by channel

    @classmethod
    def of(cls, processor: Any) -> Recipe | None:
        """The recipe that the settings of `processor` describe; None when they describe something else."""
        settings = processor.to_dict()
        size = settings.get("size") or {}
        shortest, fixed = size.get("shortest_edge"), _width_and_height(size)
        crop = _width_and_height(settings.get("crop_size") or {}) if settings.get("do_center_crop") else None
        if not settings.get("do_resize") or size.get("longest_edge") or not (fixed or (shortest and crop)):
            return None
        # Whatever scaling a processor does, it depends on the channel and the byte alone: ask it for all 256.
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :]).convert("RGB")
        values = processor(ramp, do_resize=False, do_center_crop=False, return_tensors="np")["pixel_values"]
        return cls(
            shortest_edge=None if fixed else shortest,
            size=fixed,
            resample=Image.Resampling(settings.get("resample", Image.Resampling.BILINEAR)),
            crop=crop,
            table=np.ascontiguousarray(np.asarray(values, dtype=np.float32).reshape(3, 256)),
        )

    @property
    def image_size(self) -> int:
        """The shortest side, in pixels, that a picture is resized to."""
        return self.shortest_edge or min(self.size or (0,))

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """Pixels of an RGB picture, float32, shape (3, height, width)."""
        resized = self.resize(image)
        if self.crop is not None:
            width, height = self.crop
            left, top = (resized.width - width) // 2, (resized.height - height) // 2
            resized = resized.crop((left, top, left + width, top + height))
        channels = np.asarray(resized).transpose(2, 0, 1)
        pixels = np.empty(channels.shape, np.float32)
        for values, channel, out in zip(self.table, channels, pixels, strict=True):
            # No byte is ever out of bounds; "clip" only spares the copy that "raise" buffers.
            np.take(values, channel, out=out, mode="clip")
        return pixels

    def area_seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is left of a picture of this size after the crop."""
        if self.crop is None:
            return 0.0, 0.0, float(width), float(height)
        scale = (self.shortest_edge or 0) / min(width, height)
        resized = self.size or (width * scale, height * scale)
        kept_x, kept_y = (min(1.0, crop / side) for crop, side in zip(self.crop, resized, strict=True))
        left, top = (1 - kept_x) / 2 * width, (1 - kept_y) / 2 * height
        return left, top, width - left, height - top

    def resize(self, image: Image.Image) -> Image.Image:
        """The whole picture resized; of a very long one only what the centre crop keeps."""
        if self.shortest_edge is None or self.crop is None:
            return image.resize(self.size or image.size, self.resample)
        longest = int(self.shortest_edge * max(image.size) / min(image.size))
        if longest > _LONGEST_RATIO * max(self.crop):
            return self._resize_centre(image, longest)
        across = image.width > image.height
        target = (longest, self.shortest_edge) if across else (self.shortest_edge, longest)
        return image.resize(target, self.resample)

    def _resize_centre(self, image: Image.Image, longest: int) -> Image.Image:
        """The middle of `image` resized to shortest_edge x longest, as much of it as the crop keeps."""
        assert self.shortest_edge is not None
        assert self.crop is not None
        axis = 0 if image.width > image.height else 1
        length, kept = image.size[axis], self.crop[axis]
        step = length / longest
        start, stop = (longest - kept) // 2 * step, ((longest - kept) // 2 + kept) * step
        # Cutting whole pixels first keeps the box small: Pillow holds its corners in single precision.
        reach = math.ceil(3 * max(step, 1)) + 1  # more than any filter looks beyond the box
        first, last = max(0, int(start) - reach), min(length, math.ceil(stop) + reach)
        if axis == 0:
            middle, target = image.crop((first, 0, last, image.height)), (kept, self.shortest_edge)
            box = (start - first, 0.0, stop - first, float(image.height))
        else:
            middle, target = image.crop((0, first, image.width, last)), (self.shortest_edge, kept)
            box = (0.0, start - first, float(image.width), stop - first)
        return middle.resize(target, self.resample, box=box)


class Preprocessor:
    """The pixels that the model's own image processor gives; may be called from many threads at once."""

    image_size: int

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        samples = [_noise(width, height) for width, height in ((300, 200), (200, 300), (30, 20))]
        expected = [self._by_processor(sample) for sample in samples]
        if any(pixels.ndim != 3 or pixels.shape != expected[0].shape for pixels in expected):
            raise ModelError(
                f"{type(processor).__name__} gives pixels of varying size or patches; "
                "use a model that takes pictures of one fixed size."
            )
        self._recipe = Recipe.of(processor)
        if self._recipe is not None:
            pixels = [self._recipe(sample) for sample in samples]
            # Trust the recipe only when it gives the very same numbers as the processor.
            if not all(np.array_equal(ours, theirs) for ours, theirs in zip(pixels, expected, strict=True)):
                self._recipe = None
        self.image_size = self._recipe.image_size if self._recipe else min(expected[0].shape[1:])

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Pixels of `images`, float32, shape (n, 3, height, width), in input order."""
        prepare = self._recipe or self._by_processor
        pixels = [prepare(_rgb(image)) for image in images]
        return pixels[0][None] if len(pixels) == 1 else np.stack(pixels)  # stack copies one picture, too

    def area_seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the part of a picture that the model sees; all of it where unknown."""
        return (
            self._recipe.area_seen(width, height) if self._recipe else (0.0, 0.0, float(width), float(height))
        )

    def _by_processor(self, image: Image.Image) -> NDArray[np.float32]:
        pixels = self._processor(image, return_tensors="np")["pixel_values"]
        return np.asarray(pixels[0], dtype=np.float32)


def _width_and_height(size: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = size.get("width"), size.get("height")
    return (width, height) if width and height else None


def _noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def _rgb(image: Image.Image) -> Image.Image:
    """`image` in RGB, transparent parts on white, as the image processors of transformers do it."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
