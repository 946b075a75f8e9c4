"""Share a number of bytes among all threads that decode, so that peak memory does not grow with the cores."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile

from clipsql.images.colours import BAND_PIXELS
from clipsql.images.png import PngFile
from clipsql.images.tiff import TiffFile


class Budget:
    """Bytes that threads hold for a while; who asks for more than is free waits until others give back."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def held(self, wanted: int) -> Iterator[None]:
        """Hold so many bytes within the block; who wants more than there are altogether holds all, alone.

        Not to be entered a second time within the block, nor READING within DECODING: two threads would wait for each
        other.
        """
        taken = min(wanted, self.size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= taken)
            self._free -= taken
        try:
            yield
        finally:
            with self._changed:
                self._free += taken
                self._changed.notify_all()


READING = Budget(2**28)
"""For the files that are read from this machine, of all threads of this process together."""

DECODING = Budget(3 * 2**28)
"""For the pixels of pictures in the making, as READING: both together 1 GiB."""


_LARGE = 2**25


def give_back_freed_memory(freed: int) -> None:
    """Let the system have what a large picture took: else each thread keeps the memory of the largest that it had.

    A C library that is not glibc does so by itself.
    """
    if freed > _LARGE and _malloc_trim is not None:
        _malloc_trim(0)


_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes that Pillow takes for a pixel of these modes; 4 for one of any other."""

_BESIDE = {"WEBP": 12, "AVIF": 10, "HEIF": 10, "JPEG2000": 24}
"""Bytes a pixel that the decoder of a format takes beside Pillow's, at most; `benchmarks/decoding.py` measures them."""

_COPIES = 14
"""Bytes a pixel for what is made opaque at once: a part of the picture, its layer, its alpha and white below them."""


def bytes_to_decode(image: ImageFile.ImageFile, size: tuple[int, int], *, factor: int) -> int:
    """How much memory it takes at most to decode a picture and make it a `factor` smaller.

    `size` is what the file says, `image.size` what the decoder was asked for.
    """
    pixels = image.width * image.height
    if isinstance(image, Jpeg2KImageFile) and isinstance(image.reduce, int):
        pixels >>= 2 * image.reduce
    each = _STORED.get(image.mode, 4) + _BESIDE.get(image.format or "", 0)
    total = pixels * each + (pixels if factor == 1 else min(pixels, BAND_PIXELS)) * _COPIES
    if isinstance(image, JpegImageFile) and "progressive" in image.info:
        # All coefficients are kept until the last scan, however small the picture is wanted.
        wide, high = (max(layer[place] for layer in image.layer) for place in (1, 2))
        total += sum(2 * size[0] * size[1] * layer[1] * layer[2] // (wide * high) for layer in image.layer)
    if isinstance(image, GifImageFile) and image.tile and image.tile[0].extents != (0, 0, *image.size):
        total += pixels * (4 + _COPIES)  # the frame is laid on a canvas
    if isinstance(image, TiffFile | PngFile):
        total += image.bytes_beside
    return total
