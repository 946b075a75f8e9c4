"""A vector to search by, as people name it on the command line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import InvalidVector

_NPY = b"\x93NUMPY"


def read_vector(told: str) -> NDArray[np.float32]:
    """The numbers that are told as JSON, or in a file, JSON or .npy, or for "-" on standard input; float32, shape (n,).

    Raises InvalidVector.
    """
    if told == "-":
        return _parsed("Standard input", sys.stdin.buffer.read())
    if told.lstrip().startswith("["):
        return _parsed("The vector", told.encode(errors="replace"))
    file = existing_file(told)
    if file is None:
        raise InvalidVector(f'"{told:.100}" is neither a file nor a vector such as "[0.1, -0.2]".')
    try:
        return _parsed(file.name, file.read_bytes())
    except OSError as error:
        raise InvalidVector(f"{file.name} cannot be read ({error.strerror}); check the file.") from error


def existing_file(query: str) -> Path | None:
    """The file of that name; None for a text that is none, whatever it holds."""
    try:
        file = Path(query).expanduser()
        return file if file.is_file() else None
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # a name that is too long; the home of a user who does not exist
        return None


def _parsed(name: str, content: bytes) -> NDArray[np.float32]:
    try:
        if content.startswith(_NPY):
            numbers = np.load(io.BytesIO(content), allow_pickle=False)
        else:
            numbers = np.array(json.loads(content))
    except (ValueError, EOFError, RecursionError) as error:
        raise InvalidVector(f"{name} holds no vector, in JSON or .npy ({error}).") from error
    if numbers.ndim == 2 and len(numbers) == 1:  # as encoders give it for a batch of one
        numbers = numbers[0]
    if numbers.ndim != 1 or numbers.dtype.kind not in "fiu":
        raise InvalidVector(
            f"{name} holds {numbers.dtype} of shape {numbers.shape}, not one list of numbers."
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which a search refuses
        return np.asarray(numbers, dtype=np.float32)
