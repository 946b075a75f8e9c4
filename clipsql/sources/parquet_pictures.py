"""Read single pictures out of Parquet files, where each is a value of some row."""

from __future__ import annotations

import errno
import threading
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from clipsql.extras import require_extra

_BATCH_ROWS = 8
_BATCHES_KEPT = 8
_FILES_KEPT = 4


def picture_path(file: Path, column: str, row: int) -> Path:
    """The path of a picture, which goes on inside the Parquet file: its column and the number of its row from 1."""
    return file / quote(column, safe=" ") / str(row)


class _Pictures:
    """One column of one file; what is read in order, or nearly so, is decoded once."""

    def __init__(self, file: Path, column: str) -> None:
        from pyarrow import types
        from pyarrow.parquet import ParquetFile

        self._file = ParquetFile(file, pre_buffer=False)
        if column not in self._file.schema_arrow.names:
            raise FileNotFoundError
        is_struct = types.is_struct(self._file.schema_arrow.field(column).type)
        self._column = column
        self._leaf = f"{column}.bytes" if is_struct else column
        metadata = self._file.metadata
        groups = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._starts = [0, *accumulate(groups)]
        self._kept: deque[tuple[int, Any]] = deque(maxlen=_BATCHES_KEPT)
        self._batches: Iterator[Any] = iter(())
        self._next = self._end = 0

    def bytes_of(self, place: int) -> bytes | None:
        """The bytes in a row, counted from 0; None when there are none."""
        if not 0 <= place < self._starts[-1]:
            raise FileNotFoundError
        for start, values in self._kept:
            if start <= place < start + len(values):
                return self._value(values[place - start])
        if not self._next <= place < self._end:
            group = bisect_right(self._starts, place) - 1
            self._next, self._end = self._starts[group], self._starts[group + 1]
            self._batches = self._file.iter_batches(
                batch_size=_BATCH_ROWS, row_groups=[group], columns=[self._leaf]
            )
        while True:
            values = next(self._batches).column(self._column)
            start, self._next = self._next, self._next + len(values)
            self._kept.append((start, values))
            if place < self._next:
                return self._value(values[place - start])

    @staticmethod
    def _value(scalar: Any) -> bytes | None:
        value = scalar.as_py()
        content: bytes | None = value["bytes"] if isinstance(value, dict) else value
        return content

    def close(self) -> None:
        self._file.close()


_open: OrderedDict[tuple[Path, int, int, str], _Pictures] = OrderedDict()
_reading = threading.Lock()


def read_picture(file: Path, inside: tuple[str, ...]) -> bytes:
    """The bytes of a picture whose path goes on so inside a Parquet file. Raises OSError."""
    require_extra("parquet", f"Reading {file.name}")
    import pyarrow

    if len(inside) != 2 or not inside[1].isdecimal():
        raise FileNotFoundError
    status = file.stat()
    key = (file, status.st_mtime_ns, status.st_size, unquote(inside[0]))
    try:
        # Arrow reads with threads of its own; several readers would only read the same again.
        with _reading:
            if key not in _open:
                _open[key] = _Pictures(file, key[3])
                if len(_open) > _FILES_KEPT:
                    _open.popitem(last=False)[1].close()
            _open.move_to_end(key)
            content = _open[key].bytes_of(int(inside[1]) - 1)
    except (pyarrow.ArrowException, StopIteration, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is cut short"
        raise OSError(errno.EIO, f"no readable Parquet file ({reason})") from error
    if content is None:
        raise FileNotFoundError
    return content
