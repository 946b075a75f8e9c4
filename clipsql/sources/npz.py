"""Read .npz files: arrays by name, each with an entry for every picture."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import SourceError
from clipsql.sources.columns import EMBEDDING
from clipsql.sources.tables import Row, Table

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class NpzTable(Table):
    """The arrays of a .npz file as columns; it is held whole."""

    path: Path
    arrays: Mapping[str, NDArray[Any]]

    unit = "row"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path.parent

    def names(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def row_count(self) -> int:
        return min(map(len, self.arrays.values()), default=0)

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
        arrays = {name: array for name, array in self.arrays.items() if only is None or name in only}
        for first in range(0, self.row_count(), _AT_ONCE):
            columns = [_values(array[first : first + _AT_ONCE]) for array in arrays.values()]
            for number, values in enumerate(zip(*columns, strict=True), start=first + 1):
                yield number, dict(zip(arrays, values, strict=True))


def open_npz(path: Path, names: Mapping[str, str | None]) -> tuple[NpzTable, dict[str, NDArray[Any]]]:
    """The file's table, and by our names its arrays of vectors, which are no columns of it; `names` has theirs.

    None stands for our name, under which the array of captions need not be there.
    Raises SourceError when it is damaged, has no such array, or arrays with other numbers of entries.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        hint = "write texts as arrays of strings" if "allow_pickle" in str(error) else "write it again"
        raise SourceError(f"{path.name} is no readable .npz file ({error}); {hint}.") from error
    listed = ", ".join(f'"{name}"' for name in arrays) or "none at all"
    theirs = {ours: name or ours for ours, name in names.items()}
    for ours, name in theirs.items():
        if name not in arrays and (ours == EMBEDDING or names[ours]):
            raise SourceError(
                f'{path.name} has no array "{name}", it has {listed}; '
                f"name the one with the vectors by --map {ours}=NAME."
            )
    embeddings = theirs[EMBEDDING]
    for name, array in arrays.items():
        if array.shape[:1] != arrays[embeddings].shape[:1]:
            raise SourceError(
                f'{path.name}: array "{name}" has the shape {array.shape}, "{embeddings}" {arrays[embeddings].shape}; '
                "each must have an entry for every picture."
            )
    vectors = {ours: arrays.pop(name) for ours, name in theirs.items() if name in arrays}
    return NpzTable(path, arrays), vectors


def _values(array: NDArray[Any]) -> list[Any]:
    """Values as Python has them."""
    if array.dtype.kind == "M":  # no finer than Python's times
        array = array.astype("datetime64[us]")
    if array.dtype.kind == "S":
        return (
            [value.decode("utf-8", "surrogateescape") for value in array.ravel()]
            if array.ndim == 1
            else array.tolist()
        )
    values: list[Any] = array.tolist()
    return values
