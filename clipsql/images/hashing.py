"""Hashes of pictures: of their exact bytes, and of what they look like."""

from __future__ import annotations

import hashlib

from PIL import Image

GREY_SIDE, COLOUR_SIDE = 42, 10
"""Pixels of a fingerprint, across and down, in grey and in colour: as many as fit into a row of PostgreSQL itself."""


def content_hash(data: bytes) -> bytes:
    """SHA-256 of a file's bytes: 32 bytes, the same wherever the file lies and whatever its name."""
    return hashlib.sha256(data).digest()


def fingerprint(image: Image.Image) -> bytes:
    """What an RGB picture looks like, 1,964 bytes: 42 x 42 pixels of Y, then 10 x 10 of Cb and of Cr, row by row."""
    grey, *colours = image.convert("YCbCr").split()
    # The bilinear filter weighs neighbours too, so another size or quality of the picture gives nearly the same.
    return b"".join(
        band.resize((side, side), Image.Resampling.BILINEAR).tobytes()
        for band, side in ((grey, GREY_SIDE), *((band, COLOUR_SIDE) for band in colours))
    )


def look(fingerprint: bytes, size: tuple[int, int]) -> Image.Image:
    """The RGB picture of this size that a fingerprint was made of, as far as it tells: blurred."""
    bands = []
    for side in (GREY_SIDE, COLOUR_SIDE, COLOUR_SIDE):
        bands.append(Image.frombytes("L", (side, side), fingerprint[: side**2]).resize(size))
        fingerprint = fingerprint[side**2 :]
    return Image.merge("YCbCr", bands).convert("RGB")
