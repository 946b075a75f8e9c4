"""Read pictures together with vectors made elsewhere: in a Parquet column, in .npy files beside a list, in .npz."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.columns import named_column
from clipsql.sources.manifest import ManifestSource
from clipsql.sources.parquet import ParquetParts, ParquetTable
from clipsql.sources.parts import find_parts
from clipsql.sources.source import Source
from clipsql.sources.tables import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors:
    """Vectors of adjacent rows, float32, shape (n, dimensions); some are `missing`, and `wrong` says why others are."""

    rows: NDArray[np.float32]
    wrong: Mapping[int, str] = field(default_factory=dict)
    missing: Collection[int] = ()


class VectorFiles(ABC):
    """Vectors in files, one for each row of a list, in its order."""

    @abstractmethod
    def counts(self) -> Sequence[tuple[str, int]]:
        """(name, how many vectors) of each file."""

    @abstractmethod
    def batches(self, dimensions: int, size: int) -> Iterator[Vectors]:
        """All vectors, `size` or fewer at a time. Raises SourceError when a whole file has other dimensions."""


@dataclass(frozen=True, slots=True)
class VectorSource(Source):
    """A list, what holds a vector for each of its rows, and perhaps what holds one for each row's caption."""

    rows: ManifestSource
    vectors: VectorFiles
    caption_vectors: VectorFiles | None = None

    @property
    def name(self) -> str:
        return self.rows.name

    def count(self) -> int:
        return sum(count for _, count in self.vectors.counts())

    def __iter__(self) -> Iterator[PictureRecord | UnusableRow]:
        return self.rows.one_by_one()

    def warnings(self) -> tuple[str, ...]:
        return self.rows.warnings()

    def batches(
        self, dimensions: int, *, size: int
    ) -> Iterator[tuple[list[PictureRecord | UnusableRow], Vectors, Vectors | None]]:
        """Rows of the list with their vectors and those of their captions, `size` or fewer at a time.

        Raises SourceError as the list and the vectors do.
        """
        records = iter(self)
        of_captions = (
            None
            if self.caption_vectors is None
            else _one_by_one(self.caption_vectors.batches(dimensions, size))
        )
        for vectors in self.vectors.batches(dimensions, size):
            rows = len(vectors.rows)
            yield (
                list(islice(records, rows)),
                vectors,
                None if of_captions is None else _together(list(islice(of_captions, rows))),
            )


_OneVector: TypeAlias = "tuple[NDArray[np.float32], str | None, bool]"
"""A vector, what is wrong with it, and whether it is missing."""


def _one_by_one(batches: Iterator[Vectors]) -> Iterator[_OneVector]:
    """Each vector by itself: two kinds of files need not be read in the same steps."""
    for vectors in batches:
        for number, row in enumerate(vectors.rows):
            yield row, vectors.wrong.get(number), number in vectors.missing


def _together(vectors: Sequence[_OneVector]) -> Vectors:
    return Vectors(
        rows=np.array([row for row, _, _ in vectors]),
        wrong={number: why for number, (_, why, _) in enumerate(vectors) if why is not None},
        missing={number for number, (_, _, is_missing) in enumerate(vectors) if is_missing},
    )


@dataclass(frozen=True, slots=True)
class ParquetVectors(VectorFiles):
    """Columns of lists, or of lists of one length, in Parquet files: one in each."""

    columns: tuple[tuple[ParquetTable, str], ...]

    def counts(self) -> Sequence[tuple[str, int]]:
        return [(part.name, part.row_count()) for part, _ in self.columns]

    def batches(self, dimensions: int, size: int) -> Iterator[Vectors]:
        for part, column in self.columns:
            with part.opened() as (_, file):
                for batch in file.iter_batches(batch_size=size, columns=[column]):
                    yield _of_lists(batch.column(0), dimensions)


@dataclass(frozen=True, slots=True)
class NumpyVectors(VectorFiles):
    """Arrays of shape (n, dimensions) as (name, n, what gives the array): many files are not open at once."""

    arrays: Sequence[tuple[str, int, Callable[[], NDArray[Any]]]]

    def counts(self) -> Sequence[tuple[str, int]]:
        return [(name, count) for name, count, _ in self.arrays]

    def batches(self, dimensions: int, size: int) -> Iterator[Vectors]:
        for name, _, load in self.arrays:
            array = load()
            if array.shape[1] != dimensions:
                raise SourceError(
                    f"{name} has vectors of {array.shape[1]} dimensions, but the model has {dimensions}; "
                    "name another by --model."
                )
            for first in range(0, len(array), size):
                yield Vectors(rows=_float32(array[first : first + size]))


def open_columns(parts: Sequence[ParquetTable], column: str) -> ParquetVectors:
    """The vectors in a column of Parquet files. Raises SourceError when one has none."""
    found = []
    for part in parts:
        with part.opened() as (_, file):
            name = named_column(column, file.schema_arrow.names, part.name)
            kind = file.schema_arrow.field(name).type
        if not _is_list_of_numbers(kind):
            raise SourceError(f'{part.name}: column "{name}" holds {kind}; vectors are lists of numbers.')
        found.append((part, name))
    return ParquetVectors(tuple(found))


def _is_list_of_numbers(kind: Any) -> bool:
    from pyarrow import types

    is_list = any(check(kind) for check in (types.is_list, types.is_large_list, types.is_fixed_size_list))
    return is_list and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type))


def open_npy(path: Path) -> NumpyVectors:
    """The vectors in a .npy file or parts, read as they are needed. Raises SourceError for what holds none."""
    files = find_parts(path, (".npy",))
    if not files:
        raise SourceError(f'There is no .npy file at "{path}"; name one, or a folder of them.')
    return NumpyVectors([(file.name, len(_load(file)), partial(_load, file)) for file in files])


def _load(file: Path) -> NDArray[Any]:
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(f"{file.name} is no readable .npy file ({error}); write it again.") from error
    return _matrix(file.name, array)


def in_memory(file: str, name: str, array: NDArray[Any]) -> NumpyVectors:
    """The vectors in an array of a file. Raises SourceError unless it has a row of numbers for each picture."""
    found = _matrix(f'{file}, array "{name}",', array)
    return NumpyVectors([(file, len(found), lambda: found)])


def _matrix(name: str, array: Any) -> NDArray[Any]:
    """The array itself. Raises SourceError unless it has a row of numbers for each picture."""
    if not isinstance(array, np.ndarray):
        raise SourceError(f"{name} holds several arrays; name it as SOURCE, as .npz.")
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise SourceError(
            f"{name} holds {array.dtype} of shape {array.shape}; vectors are numbers of shape (rows, dimensions)."
        )
    return array


def check_rows(table: Table, vectors: VectorFiles) -> None:
    """Raise SourceError unless the list and the files of vectors tell of as many pictures, part by part."""
    there = vectors.counts()
    if isinstance(table, ParquetParts) and len(table.parts) == len(there):
        listed = [(part.name, part.row_count()) for part in table.parts]
    else:
        rows = table.row_count()
        listed = [(table.name, sum(1 for _ in table.rows()) if rows is None else rows)]
        if len(there) != 1:
            there = [(f"{there[0][0]} to {there[-1][0]}", sum(count for _, count in there))]
    for (list_name, rows_there), (name, count) in zip(listed, there, strict=True):
        if rows_there != count:
            raise SourceError(
                f"{list_name} has {rows_there:,} rows, but {name} has {count:,} vectors; each row must have one."
            )
        if len(listed) > 1 and _part_number(list_name) != _part_number(name):
            raise SourceError(f"{name} would be that of {list_name}; number both alike, as 0001.")


def _part_number(name: str) -> int | None:
    """The last number in a file's name."""
    numbers = re.findall(r"\d+", name.rsplit(".", 1)[0])
    return int(numbers[-1]) if numbers else None


def _of_lists(column: Any, dimensions: int) -> Vectors:
    """Vectors out of a column of pyarrow, without an object for each number."""
    import pyarrow.compute as pc

    is_there = column.is_valid().to_numpy(zero_copy_only=False)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    values = column.flatten().to_numpy(zero_copy_only=False)  # without what lies under null
    fits = is_there & (lengths == dimensions)
    if fits.all():
        return Vectors(rows=_float32(values.reshape(-1, dimensions)))
    rows = np.zeros((len(column), dimensions), dtype=np.float32)
    rows[fits] = _float32(values[np.repeat(fits, lengths)].reshape(-1, dimensions))
    return Vectors(
        rows=rows,
        wrong={
            int(number): f"has {lengths[number]} dimensions, but the model has {dimensions}"
            for number in np.flatnonzero(is_there & ~fits)
        },
        missing=set(np.flatnonzero(~is_there).tolist()),
    )


def _float32(numbers: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told so
        return np.asarray(numbers, dtype=np.float32)
