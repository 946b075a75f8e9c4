"""Tell what the columns of a Parquet file hold, and turn them into Python's values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clipsql.errors import ImageError
from clipsql.images.formats import check_beginning

_LOOKED_AT = 8
"""Values that tell text from pictures in a column of raw bytes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How to read one column: its values as they are, bytes as text, or where there are pictures.

    Of pictures with their paths, as data hubs publish them, only the paths are read unless a row `may_lack` its bytes.
    """

    holds_pictures: bool = False
    is_text: bool = False
    is_struct: bool = False
    has_path: bool = False
    may_lack: bool = False

    def leaves(self, name: str) -> Iterator[str]:
        """What to read of the column; a file may have no column to read at all, but still has rows."""
        if not self.is_struct:
            yield name
            return
        if self.has_path:
            yield f"{name}.path"
        if self.holds_pictures and (self.may_lack or not self.has_path):
            yield f"{name}.bytes"

    def values(self, batch: Any, name: str) -> Sequence[Any]:
        """The column's values in a batch; of pictures (path or None, whether the bytes are here)."""
        column = batch.column(name)
        if not self.holds_pictures:
            return _plain(column.field("path") if self.is_struct else column, is_text=self.is_text)
        if not self.is_struct:
            return [(None, is_here) for is_here in column.is_valid().to_pylist()]
        fields = [field.name for field in column.type]
        paths = _plain(column.field("path"), is_text=False) if "path" in fields else [None] * len(column)
        are_here = column.field("bytes").is_valid() if "bytes" in fields else column.is_valid()
        return list(zip(paths, are_here.to_pylist(), strict=True))


def column_kinds(file: Any) -> dict[str, Kind]:
    """The kinds of all columns that have a form in JSON or hold pictures, by name, in the file's order."""
    kinds: dict[str, Kind] = {}
    for field in file.schema_arrow:
        if _is_picture_struct(field.type):
            kinds[field.name] = _struct_kind(file, field)
        elif not _is_binary(field.type):
            kinds[field.name] = Kind()
        elif (kind := _binary_kind(file, field.name)) is not None:
            kinds[field.name] = kind
    return kinds


def _is_picture_struct(kind: Any) -> bool:
    from pyarrow import types

    if not types.is_struct(kind):
        return False
    fields = {field.name: field.type for field in kind}
    return fields.keys() == {"bytes", "path"} and (
        _is_binary(fields["bytes"]) or types.is_null(fields["bytes"])
    )


def _struct_kind(file: Any, field: Any) -> Kind:
    from pyarrow import types

    fields = {each.name: each.type for each in field.type}
    has_path = not types.is_null(fields["path"])
    lacking = _nulls(file, f"{field.name}.bytes")
    if types.is_null(fields["bytes"]) or lacking == file.metadata.num_rows:
        return Kind(is_struct=True, has_path=has_path)
    return Kind(holds_pictures=True, is_struct=True, has_path=has_path, may_lack=lacking != 0)


def _nulls(file: Any, leaf: str) -> int | None:
    """How many values are null, None when the file does not say."""
    total = 0
    metadata = file.metadata
    places = [place for place in range(metadata.num_columns) if metadata.schema.column(place).path == leaf]
    for group in range(metadata.num_row_groups):
        for place in places:
            statistics = metadata.row_group(group).column(place).statistics
            if statistics is None or not statistics.has_null_count:
                return None
            total += statistics.null_count
    return total


def _binary_kind(file: Any, name: str) -> Kind | None:
    """What a column of raw bytes holds: texts of a writer that did not say so, pictures, or None of both."""
    batch = next(file.iter_batches(batch_size=_LOOKED_AT, columns=[name]), None)
    values = [value for value in batch.column(name).to_pylist() if value] if batch is not None else []
    if values and all(map(_is_picture, values)):
        return Kind(holds_pictures=True, may_lack=True)
    return Kind(is_text=True) if values and all(map(_is_utf_8, values)) else None


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    return any(
        check(kind)
        for check in (
            types.is_binary,
            types.is_large_binary,
            types.is_fixed_size_binary,
            types.is_binary_view,
        )
    )


def _is_picture(value: bytes) -> bool:
    try:
        check_beginning(value)
    except ImageError:
        return False
    return True


def _is_utf_8(value: bytes) -> bool:
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _plain(column: Any, *, is_text: bool) -> list[Any]:
    """Values as Python has them, as text where it has none: times before the year 1 or after 9999."""
    try:
        values = _microseconds(column).to_pylist(maps_as_pydicts="lossy")
    except (ValueError, OverflowError):
        values = [_value(scalar) for scalar in column]
    return [_text(value) if isinstance(value, bytes) and is_text else value for value in values]


def _value(scalar: Any) -> Any:
    """The value of a column in which some has no form in Python."""
    import pyarrow

    try:
        return scalar.as_py(maps_as_pydicts="lossy")
    except (ValueError, OverflowError):
        pass
    if isinstance(scalar, pyarrow.StructScalar):
        return {name: _value(value) for name, value in scalar.items()}
    if isinstance(scalar, pyarrow.ListScalar):
        return [_value(value) for value in scalar.values]
    if isinstance(scalar, pyarrow.TimestampScalar):
        return str(np.datetime64(scalar.value, scalar.type.unit))
    if hasattr(scalar, "as_buffer"):
        return _text(scalar.as_buffer().to_pybytes())
    return scalar.cast(pyarrow.string()).as_py()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _microseconds(column: Any) -> Any:
    """The column with nanosecond times cut to microseconds, which is all that Python's times can hold."""
    import pyarrow

    if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
    return column
