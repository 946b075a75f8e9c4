"""Turn pixels into sRGB, by the colour profile or the gamma that a picture carries."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_UNSEEN = 2
"""A profile that changes no level of 256 by more than this is sRGB by another hand: there is nothing to do."""

_USUAL_GAMMA = 1 / 2.2
_GAMMAS = (0.1, 3.0)
"""Between these lie the gammas of all cameras, scanners and screens; others are slips."""


def to_srgb(pixels: Image.Image, profile: bytes | None, *, gamma: float | None = None) -> Image.Image:
    """RGB pixels of a picture in mode RGB, L, CMYK or LAB, converted by its ICC profile, else by its gamma.

    `gamma` is the exponent that made the values out of light. A profile that is broken, or of another colour space
    than the pixels, counts as absent, as in browsers.
    """
    if profile is None and gamma is not None and _GAMMAS[0] <= gamma <= _GAMMAS[1]:
        curve = _gamma_curve(gamma)
        return pixels.convert("RGB") if curve is None else pixels.convert("RGB").point(curve * 3)
    transform = _lab_to_srgb() if pixels.mode == "LAB" else _transform(profile or b"", pixels.mode)
    converted = None if transform is None else transform.apply(pixels)
    return pixels.convert("RGB") if converted is None else converted


@lru_cache(maxsize=64)
def _gamma_curve(gamma: float) -> list[int] | None:
    """The sRGB level of each of 256 levels; None where it is as good as the same."""
    if abs(gamma / _USUAL_GAMMA - 1) <= 0.05:  # what decoders take for no difference
        return None
    light = np.linspace(0, 1, 256) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    found: list[int] = np.rint(255 * srgb).astype(int).tolist()
    return found


@lru_cache(maxsize=1)
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    return ImageCms.ImageCmsTransform(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), _srgb(), "LAB", "RGB"
    )


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What makes sRGB of such pixels; None when nobody would see the difference, or the profile is of no use."""
    if not profile:
        return None
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.ImageCmsTransform(
            opened,
            _srgb(),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        cube = _cube(mode)
        changed = np.asarray(transform.apply(cube), dtype=int) - np.asarray(cube.convert("RGB"), dtype=int)
    except (
        Exception
    ):  # Pillow raises nearly anything of broken profiles, and of those of another colour space
        return None
    return transform if np.abs(changed).max() > _UNSEEN else None


def _cube(mode: str) -> Image.Image:
    """A picture of many colours of the whole space."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    levels = np.linspace(0, 255, 9 if bands > 1 else 256).astype(np.uint8)
    grid = np.stack(np.meshgrid(*[levels] * bands), axis=-1).reshape(1, -1, bands)
    return Image.frombytes(mode, (grid.shape[1], 1), grid.tobytes())
