"""Tell copies of a picture from other photographs of the same thing, by their fingerprints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clipsql.images.hashing import COLOUR_SIDE, GREY_SIDE

_MOST_CROPPED = 0.12
"""A copy may lack up to this share of the picture at each of its four sides."""

_CROPPED = 0.008
"""From this share on a copy is a cropped one. Frames of a fixed camera lie on each other: they never seem cropped."""

_UNLIKE = 32
"""Mean difference in levels of 255 that no copy reaches, however cropped: those pairs are looked at no further."""

_OTHER_COLOUR = 16
"""Levels of Cb or Cr that no copy is off: the same shirt in red and in green may be equally grey."""

_BUSY = 64
"""Levels: where neighbouring pixels differ by as much, a difference counts half. Copies differ there most."""

_POOLED, _FAR = (3, 1), 16
"""First 3 x 3 pixels count as one, a ninth of the work; pairs beyond so many levels are looked at no further."""

_STEPS = 5
"""Of Gauss and Newton; copies cropped by 5 % at each side settle in four."""

_LEAST = np.array([-1, 1 - 2 * _MOST_CROPPED] * 2, dtype=np.float32)
_MOST = np.array([-1 + 2 * _MOST_CROPPED, 1] * 2, dtype=np.float32)
"""Of a window, as _fitting_window gives it."""

_BATCH = 256

Pixels = NDArray[np.float32]
"""Here of shape (n, bands, side, side)."""


def differences(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much the two pictures of each pair differ where they differ most, in levels of 255; float32, shape (n,).

    `first` and `second` are fingerprints, uint8, shape (n, 1964). One picture is laid over the part of the other that
    fits it best. A copy that was cropped gets half of its difference, because few pixels cannot be resampled without
    loss. Pairs of other colours, or nothing like each other, get infinity; what is beyond 16 is rough.
    """
    found = np.full(len(first), np.inf, dtype=np.float32)
    for start in range(0, len(first), _BATCH):
        (grey, colour), (other_grey, other_colour) = (
            _bands(fingerprints[start : start + _BATCH]) for fingerprints in (first, second)
        )
        apart = found[start : start + _BATCH]
        alike = np.abs(grey - other_grey).mean(axis=(1, 2, 3)) < _UNLIKE
        for pooled in _POOLED:
            if alike.any():
                one = _pooled(grey[alike], pooled), colour[alike]
                other = _pooled(other_grey[alike], pooled), other_colour[alike]
                apart[alike] = np.minimum(_as_part(one, other), _as_part(other, one))
                alike = apart <= _FAR
    return found


def _bands(fingerprints: NDArray[np.uint8]) -> tuple[Pixels, Pixels]:
    """Grey and colour of fingerprints, each pixel with its neighbours."""
    greys, colours = np.split(fingerprints.astype(np.float32), [GREY_SIDE**2], axis=1)
    return (
        _blurred(greys.reshape(-1, 1, GREY_SIDE, GREY_SIDE)),
        _blurred(colours.reshape(-1, 2, COLOUR_SIDE, COLOUR_SIDE)),
    )


def _as_part(whole: tuple[Pixels, Pixels], part: tuple[Pixels, Pixels]) -> NDArray[np.float32]:
    """The differences if each `part`, grey and colour, is a part of its `whole`."""
    window = _fitting_window(whole[0], part[0])
    # The outermost pixels know too little of what lies beside them.
    grey, colour = (
        np.abs(_resampled(one, window) - other)[:, :, 1:-1, 1:-1]
        for one, other in zip(whole, part, strict=True)
    )
    most = (grey * (_BUSY / (_BUSY + _contrast(part[0])[:, :, 1:-1, 1:-1]))).max(axis=(1, 2, 3))
    is_cropped = (1 - np.abs(window)).max(axis=1) / 2 >= _CROPPED
    is_other = colour.max(axis=(1, 2, 3)) > _OTHER_COLOUR
    return np.where(is_other, np.float32(np.inf), np.where(is_cropped, most / 2, most))


def _fitting_window(whole: Pixels, part: Pixels) -> NDArray[np.float32]:
    """The window of each whole that looks most like the part: its top, bottom, left, right, the whole being -1 to 1.

    Least squares by Gauss and Newton, as Lucas and Kanade (1981) register images.
    """
    window = np.tile(np.array([-1, 1, -1, 1], dtype=np.float32), (len(whole), 1))
    side = whole.shape[-1]
    to_low, to_high = _ways(side)
    for _ in range(_STEPS):
        seen = _resampled(whole, window)
        down, across = np.gradient(seen, 2 / side, axis=(2, 3))
        slopes = np.stack(
            [down * to_low[:, None], down * to_high[:, None], across * to_low, across * to_high], axis=-1
        ).reshape(len(whole), -1, 4)
        turned = slopes.transpose(0, 2, 1)
        # A plain picture fits everywhere; the small weight on the diagonal leaves its window where it is.
        weights = turned @ slopes + np.eye(4, dtype=np.float32) * 2
        step = np.linalg.solve(weights, turned @ (part - seen).reshape(len(whole), -1, 1))[..., 0]
        np.clip(window + step, _LEAST, _MOST, out=window)
    return window


def _resampled(pictures: Pixels, window: NDArray[np.float32]) -> Pixels:
    """What each window shows, in as many pixels as the picture has."""
    side = pictures.shape[-1]
    down, across = (_cubic_weights(window[:, low], window[:, low + 1], side)[:, None] for low in (0, 2))
    seen: Pixels = np.matmul(np.matmul(down, pictures), across.transpose(0, 1, 3, 2))
    return seen


def _cubic_weights(low: NDArray[np.float32], high: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """What each pixel counts in each pixel of a window (Keys 1981), shape (n, side, side)."""
    to_low, to_high = _ways(side)
    places = ((low[:, None] * to_low + high[:, None] * to_high) + 1) * side / 2 - 0.5
    away = np.abs(np.clip(places, 0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32))
    near = (1.5 * away - 2.5) * away**2 + 1
    far = ((2.5 - 0.5 * away) * away - 4) * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0))
    summed: NDArray[np.float32] = weights / weights.sum(axis=-1, keepdims=True)
    return summed


def _ways(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How near each pixel's middle is to the low and to the high end of its row, together 1; shape (side,)."""
    high = ((np.arange(side) + 0.5) / side).astype(np.float32)
    return 1 - high, high


def _blurred(pictures: Pixels) -> Pixels:
    """Each pixel with its neighbours, weighed 1 2 1 both ways."""
    around = _around(pictures)
    down = around[:, :, :-2] + 2 * around[:, :, 1:-1] + around[:, :, 2:]
    blurred: Pixels = (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 16
    return blurred


def _pooled(pictures: Pixels, pooled: int) -> Pixels:
    """The mean of every `pooled` x `pooled` pixels."""
    side = pictures.shape[-1] // pooled
    means: Pixels = pictures.reshape(len(pictures), -1, side, pooled, side, pooled).mean(axis=(3, 5))
    return means


def _contrast(pictures: Pixels) -> Pixels:
    """How far the 3 x 3 pixels around each one lie apart."""
    around = np.lib.stride_tricks.sliding_window_view(_around(pictures), (3, 3), axis=(2, 3))
    found: Pixels = around.max(axis=(-2, -1)) - around.min(axis=(-2, -1))
    return found


def _around(pictures: Pixels) -> Pixels:
    """The pictures with their outermost pixels doubled."""
    return np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
