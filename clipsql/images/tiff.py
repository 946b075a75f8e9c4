"""Read TIFFs, those too that Pillow misreads or refuses."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageFile, ImagePalette, TiffImagePlugin
from PIL.TiffImagePlugin import COMPRESSION_INFO, TiffImageFile

from clipsql.errors import FailureClass, ImageError
from clipsql.images.tiff_samples import Samples, pixels

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

_YCBCR = 6


class TiffFile(TiffImageFile):
    """A TIFF as Pillow reads it, or by its samples where Pillow would give other pixels than the file has."""

    _samples: Samples | None = None

    def _setup(self) -> None:
        compression = self.tag_v2.get(TiffImagePlugin.COMPRESSION, 1)
        if compression not in COMPRESSION_INFO:
            raise _unsupported(f"compression {compression}")
        self._samples = Samples.of(self.tag_v2)
        if self._samples is None:
            self._setup_by_pillow()
            return
        width, height = self._samples.width, self._samples.height
        is_turned = self.tag_v2.get(274) in (5, 6, 7, 8)  # Pillow gives the size of the picture upright
        self._size = (height, width) if is_turned else (width, height)
        self._tile_size = width, height
        self._mode = self._samples.mode
        self.tile = []
        self.use_load_libtiff = False
        if TiffImagePlugin.ICCPROFILE in self.tag_v2:
            self.info["icc_profile"] = self.tag_v2[TiffImagePlugin.ICCPROFILE]

    def _setup_by_pillow(self) -> None:
        try:
            super()._setup()
        except SyntaxError as error:
            raise _unsupported(
                f"photometric interpretation {self.tag_v2.get(262)}, bits per sample {self.tag_v2.get(258)}"
            ) from error
        colours = self.tag_v2.get(TiffImagePlugin.COLORMAP)
        if self.mode in ("P", "PA") and colours and max(colours) < 256:
            # Old scanners wrote 0 to 255 where the standard has 0 to 65535.
            self.palette = ImagePalette.raw("RGB;L", bytes(colours))
        if self.tag_v2.get(262) == _YCBCR and not self.use_load_libtiff:
            # Colours at half the resolution lie in blocks, which only libtiff takes apart.
            self._mode = "RGB"
            self.use_load_libtiff = True
            self.tile = [
                ImageFile._Tile("libtiff", (0, 0, *self._tile_size), 0, ("RGBX", False, self.tag_v2.offset))
            ]

    @property
    def bytes_beside(self) -> int:
        """Memory that decoding takes beside the pixels: for the samples, or one strip of them, as they lie."""
        width, height = self._tile_size
        depth = sum(self.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
        count = self.tag_v2.get(TiffImagePlugin.SAMPLESPERPIXEL, 1)
        samples: int = width * height * max(depth, count) // 8
        return samples if self._samples is None else 4 * samples

    def load_prepare(self) -> None:
        """Make room for the pixels; how many may be is decided elsewhere, not by Pillow's own limit."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size).im
        ImageFile.ImageFile.load_prepare(self)

    def load(self) -> PixelAccess | None:
        """Decode the pixels."""
        if self._samples is not None and self._im is None:
            assert isinstance(self.fp, io.BytesIO)
            self.im = pixels(self.fp.getvalue(), self.tag_v2, self._samples).im
            self.load_end()
        return super().load()


def _unsupported(what: str) -> ImageError:
    return ImageError(
        f"TIFF with {what} is not decoded; convert it to a PNG or JPEG", failure=FailureClass.UNSUPPORTED
    )
