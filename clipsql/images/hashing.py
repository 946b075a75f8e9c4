"""Hashes of pictures: of their exact bytes, and of what they look like."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image


def content_hash(data: bytes) -> bytes:
    """SHA-256 of a file's bytes: 32 bytes, the same wherever the file lies and whatever its name."""
    return hashlib.sha256(data).digest()


def perceptual_hash(image: Image.Image) -> int:
    """64 bits as a signed integer, of which few differ between pictures that look the same at another size or quality.

    The difference hash: is each of 8 x 8 places brighter than its right neighbour? Own code, because the imagehash
    package would bring scipy and PyWavelets along for these lines.
    """
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX))
    bits = np.packbits(grey[:, :-1] > grey[:, 1:])
    return int.from_bytes(bits.tobytes(), "big", signed=True)
