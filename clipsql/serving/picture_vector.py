"""A picture that is asked with and nowhere stored, as a URL has it: its vector, in half precision."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import InvalidArgument


def write_vector(vector: Sequence[float] | NDArray[np.float32]) -> str:
    """A picture's vector as a URL has it, in half precision."""
    return base64.urlsafe_b64encode(np.asarray(vector, dtype="<f2").tobytes()).decode().rstrip("=")


def read_vector(picture: str) -> str:
    """The vector as SQL writes it. Raises InvalidArgument."""
    try:
        data = base64.urlsafe_b64decode(picture + "=" * (-len(picture) % 4))
        numbers = np.frombuffer(data, dtype="<f2").astype(float)
    except (ValueError, binascii.Error):
        numbers = np.empty(0)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise InvalidArgument("picture is no vector of a picture; choose the picture again.")
    return "[" + ",".join(f"{number:.5g}" for number in numbers) + "]"
