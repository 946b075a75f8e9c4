"""Make 8 bits of samples of 16."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DEPTH_12 = 4095
"""The most that 12 bits hold."""


def levels(brightest: int) -> NDArray[np.uint8]:
    """The 8-bit level of each 16-bit value, shape (65536,), in a picture whose brightest value is `brightest`.

    Where nothing is as bright as a 16th of the range, the file holds the 12 bits of a camera, a scanner or a depth
    sensor: no picture that uses its 16 bits is so dark.
    """
    white = DEPTH_12 if brightest <= DEPTH_12 else 65535
    return (np.minimum(np.arange(65536), white) * 255 // white).astype(np.uint8)
