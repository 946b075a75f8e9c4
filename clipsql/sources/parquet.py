"""Read the rows of Parquet files, a small batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.extras import require_extra
from clipsql.sources.tables import Row, Table

_BATCH_ROWS = 1_024
_ROW_BITS = 40
"""Of a row's number in a folder of parts; the bits above count the parts."""


@dataclass(frozen=True, slots=True)
class ParquetTable(Table):
    """A Parquet file; columns of raw bytes are left out, they have no form in JSON."""

    path: Path

    unit = "row"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path.parent

    def row_count(self) -> int:
        with self._opened() as (_, file):
            return int(file.metadata.num_rows)

    def names(self) -> tuple[str, ...]:
        with self._opened() as (pyarrow, file):
            fields = file.schema_arrow
            names = tuple(field.name for field in fields if not _is_binary(pyarrow, field.type))
        if len(set(names)) < len(names):
            raise SourceError(f"{self.name} has two columns of the same name; rename one of them.")
        return names

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
        columns = [name for name in self.names() if only is None or name in only]
        number = 0
        with self._opened() as (pyarrow, file):
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                for row in _microseconds(pyarrow, batch).to_pylist():
                    number += 1
                    yield number, row

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """pyarrow and the open file. Raises SourceError for what is wrong with it, within the block too."""
        require_extra("parquet", f"Reading {self.name}")
        import pyarrow
        from pyarrow.parquet import ParquetFile

        try:
            # Row groups can be large: without pre-buffering only the pages in use are held.
            with ParquetFile(self.path, pre_buffer=False) as file:
                yield pyarrow, file
        # A name or a value that is damaged is found out by Python, not by Arrow.
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SourceError(
                f"{self.name} is no readable Parquet file ({reason}); write it again."
            ) from error


@dataclass(frozen=True, slots=True)
class ParquetFolder(Table):
    """The Parquet files of a folder, in name order: one long table in parts, as large lists are published."""

    path: Path
    parts: tuple[ParquetTable, ...]

    unit = "row"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path

    def row_count(self) -> int:
        return sum(part.row_count() for part in self.parts)

    def names(self) -> tuple[str, ...]:
        return self.parts[0].names()

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
        columns = set(self.names())
        for index, part in enumerate(self.parts):
            missing = columns.difference(part.names())
            if missing:
                raise SourceError(
                    f'{part.name} has no column "{min(missing)}", which {self.parts[0].name} has; '
                    "keep only parts of one table in a folder."
                )
            for number, row in part.rows(only):
                yield (index << _ROW_BITS) + number, row

    def at(self, number: int) -> str:
        index, row = divmod(number, 1 << _ROW_BITS)
        return self.parts[index].at(row)


def open_parquet_folder(folder: Path) -> ParquetFolder | None:
    """The folder's Parquet files as one table, None when it has none."""
    files = sorted(file for file in folder.iterdir() if file.name.lower().endswith(".parquet"))
    return ParquetFolder(folder, tuple(map(ParquetTable, files))) if files else None


def _is_binary(pyarrow: Any, kind: Any) -> bool:
    types = pyarrow.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def _microseconds(pyarrow: Any, batch: Any) -> Any:
    """The batch with nanosecond times cut to microseconds, which is all that Python's times can hold."""
    for index, field in enumerate(batch.schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            kind = pyarrow.timestamp("us", field.type.tz)
            batch = batch.set_column(index, field.name, batch.column(index).cast(kind, safe=False))
    return batch
