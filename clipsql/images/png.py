"""Read PNGs, those too whose deep samples are more than Pillow sees of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from clipsql.images.depth import DEPTH_12, levels
from clipsql.images.mending import png_essentials

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

_BOTH_BYTES = {"RGB;16B": ("RGB", "RGB;16L"), "RGBA;16B": ("RGBA", "RGBA;16L"), "LA;16B": ("RGBA", "RGBA")}
"""How Pillow reads deep colours -> mode and raw mode that give what it leaves out.

It keeps the first byte of each sample. Read in the other byte order it keeps the second; greys with alpha have both
bytes in four channels.
"""

_BLOCK_PIXELS = 2**20


class PngFile(PngImageFile):
    """A PNG as Pillow reads it; of deep colours both bytes, where it takes both to know them.

    That is where the first byte says next to nothing, because 16 bits hold the 12 of a camera or sensor, and where one
    colour is transparent.
    """

    def __init__(self, data: bytes) -> None:
        self._data, profile = png_essentials(data)
        super().__init__(io.BytesIO(self._data), "")
        if profile is not None:
            self.info["icc_profile"] = profile
        self._raw = next((str(tile.args) for tile in self.tile if tile.args in _BOTH_BYTES), None)

    @property
    def bytes_beside(self) -> int:
        """Memory that decoding takes beside the pixels, at most."""
        return 0 if self._raw is None else 8 * self.width * self.height + 32 * _BLOCK_PIXELS

    def load(self) -> PixelAccess | None:
        """Decode the pixels."""
        access = super().load()
        if self._raw is None:
            return access
        raw, self._raw = self._raw, None
        brightest = [(int(self.im.getband(band).getextrema()[1]) << 8) + 255 for band in range(self.im.bands)]
        white = max(brightest[:3])
        clear = self.info.pop("transparency", None)
        if white > DEPTH_12 and clear is None:
            return access
        scales = [levels(white)] * 3 + [levels(alpha) for alpha in brightest[3:]]
        self._mode = self.mode if clear is None else "RGBA"
        shown = Image.new(self.mode, self.size)
        for top, samples in self._samples(raw):
            channels = [scale[samples[..., band]] for band, scale in enumerate(scales)]
            if clear is not None:
                channels.append(np.where((samples == clear).all(axis=2), 0, 255).astype(np.uint8))
            shown.paste(Image.fromarray(np.stack(channels, axis=2)), (0, top))
        self.im = shown.im
        return Image.Image.load(self)

    def _samples(self, raw: str) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        """Rows, from the one of that number, of samples, shape (rows, width, channels)."""
        first = Image.Image()._new(self.im)
        with PngImageFile(io.BytesIO(self._data), "") as second:
            second._mode, raw_mode = _BOTH_BYTES[raw]
            second.tile = [tile._replace(args=raw_mode) for tile in second.tile]
            second.load()
            rows = max(1, _BLOCK_PIXELS // self.width)
            for top in range(0, self.height, rows):
                box = (0, top, self.width, min(top + rows, self.height))
                low = np.asarray(second.crop(box))
                if raw == "LA;16B":
                    grey, alpha = (
                        low[..., byte].astype(np.uint16) << 8 | low[..., byte + 1] for byte in (0, 2)
                    )
                    yield top, np.stack([grey, grey, grey, alpha], axis=2)
                else:
                    yield top, np.asarray(first.crop(box)).astype(np.uint16) << 8 | low
