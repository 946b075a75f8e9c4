"""Read the rows of Parquet files, a small batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from clipsql.errors import SourceError
from clipsql.extras import require_extra
from clipsql.sources.parquet_columns import Kind, column_kinds
from clipsql.sources.parquet_pictures import picture_path
from clipsql.sources.tables import Row, Table

_BATCH_ROWS = 1_024
_ROW_BITS = 40
"""Of a row's number in a folder of parts; the bits above count the parts."""


@dataclass(frozen=True, slots=True)
class ParquetTable(Table):
    """A Parquet file. A picture's bytes in a row are told as the path of a file, which goes on inside this one.

    Other columns of raw bytes are left out, they have no form in JSON, and so are those that are read `apart`,
    which hold vectors.
    """

    path: Path
    apart: frozenset[str] = frozenset()

    unit = "row"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path.parent

    def row_count(self) -> int:
        with self.opened() as (_, file):
            return int(file.metadata.num_rows)

    def names(self) -> tuple[str, ...]:
        return tuple(self._kinds())

    def picture_columns(self) -> tuple[str, ...]:
        return tuple(name for name, kind in self._kinds().items() if kind.holds_pictures)

    def rows(self, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
        kinds = {name: kind for name, kind in self._kinds().items() if only is None or name in only}
        pictures = [name for name, kind in kinds.items() if kind.holds_pictures]
        leaves = [leaf for name, kind in kinds.items() for leaf in kind.leaves(name)]
        number = 0
        with self.opened() as (_, file):
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=leaves):
                columns = [kind.values(batch, name) for name, kind in kinds.items()]
                for values in zip(*columns, strict=True) if columns else [()] * len(batch):
                    number += 1
                    row = dict(zip(kinds, values, strict=True))
                    for name in pictures:
                        self._say_where(number, row, name)
                    yield number, row

    def _say_where(self, number: int, row: dict[str, Any], name: str) -> None:
        """Put where a picture is in the place of what is known of it."""
        path, is_here = row[name]
        row[name] = str(picture_path(self.path.absolute(), name, number)) if is_here else path
        if is_here and path:
            row.setdefault(f"{name}.path", path)

    def _kinds(self) -> Mapping[str, Kind]:
        with self.opened():  # says what is wrong with the file
            status = self.path.stat()
            kinds = _kinds_of(self.path, status.st_mtime_ns, status.st_size)
            return {name: kind for name, kind in kinds.items() if name not in self.apart}

    @contextmanager
    def opened(self) -> Iterator[tuple[Any, Any]]:
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
class ParquetParts(Table):
    """Parquet files in name order: one long table in parts, as large lists are published."""

    path: Path
    parts: tuple[ParquetTable, ...]

    unit = "row"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    def row_count(self) -> int:
        return sum(part.row_count() for part in self.parts)

    def names(self) -> tuple[str, ...]:
        return self.parts[0].names()

    def picture_columns(self) -> tuple[str, ...]:
        return self.parts[0].picture_columns()

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


@lru_cache(maxsize=64)
def _kinds_of(path: Path, _changed_ns: int, _size: int) -> Mapping[str, Kind]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path, pre_buffer=False) as file:
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            raise SourceError(f"{path.name} has two columns of the same name; rename one of them.")
        return column_kinds(file)
