"""Understand one row of any table: what it tells of a picture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeAlias

from clipsql.errors import SourceError
from clipsql.picture import JsonValue, PictureRecord, exact_json
from clipsql.sources.column_types import TYPED_ROWS, MisfitError
from clipsql.sources.columns import Columns
from clipsql.sources.values import is_empty, json_value, parse_captions, parse_place, parse_time, storable

Types: TypeAlias = Mapping[str, Callable[[str], JsonValue]]
"""What turns the text in a column into a value; columns that are not there have typed values."""


def read_row(
    position: str,
    row: Mapping[str, Any],
    columns: Columns,
    *,
    types: Types,
    forced: Collection[str],
    timezone: tzinfo,
    url: str = "",
    file: Path | None = None,
) -> PictureRecord:
    """What a row tells of a picture at a URL, if that is known; `forced` columns, in lower case, stay text.

    Raises SourceError that begins with the position, and says what to do.
    """
    try:
        captions = [caption for name in columns.captions for caption in parse_captions(row.get(name))]
    except ValueError as error:
        raise SourceError(f"{position}: the caption holds {error}; correct it.") from error
    try:
        taken_at = parse_time(value_of(row, columns.taken_at), timezone=timezone)
    except (ValueError, OverflowError) as error:
        raise SourceError(
            f'{position}: "{shown(value_of(row, columns.taken_at))}" in column "{columns.taken_at}" is no time; '
            "write it as 2017-03-09T18:30:00+01:00, or pass --map taken_at= to keep it as metadata."
        ) from error
    try:
        place = parse_place(value_of(row, columns.longitude), value_of(row, columns.latitude))
    except ValueError as error:
        raise SourceError(f"{position}: {error}; correct it, or leave both empty.") from error
    longitude, latitude = place or (None, None)
    metadata = _metadata(position, row, columns.mapped, types, forced)
    return PictureRecord(
        url, file, tuple(dict.fromkeys(captions)), taken_at, longitude, latitude, metadata, position
    )


def value_of(row: Mapping[str, Any], column: str | None) -> Any:
    """The value in a column that may not be there."""
    return None if column is None else row.get(column)


def shown(value: object) -> str:
    """A value short and in one line, for messages."""
    return " ".join(str(value).split())[:60]


def _metadata(
    position: str, row: Mapping[str, Any], mapped: Collection[str], types: Types, forced: Collection[str]
) -> dict[str, JsonValue]:
    metadata: dict[str, JsonValue] = {}
    for name, value in row.items():
        if name in mapped or is_empty(value):
            continue
        try:
            kept = json_value(types[name](value) if name in types else value)
            storable(name)
        except MisfitError as error:
            raise SourceError(
                f'{position}: "{shown(value)}" in column "{name}", '
                f"which held {error} in each of the first {TYPED_ROWS:,} rows; "
                f'correct it, or keep the column as text by --text "{name}".'
            ) from error
        except ValueError as error:
            raise SourceError(f'{position}: column "{name}" holds {error}; remove it.') from error
        except RecursionError as error:
            raise SourceError(f'{position}: column "{name}" is nested too deep; flatten it.') from error
        if kept is not None:
            is_forced = name.lower() in forced and not isinstance(kept, str)
            metadata[name] = exact_json(kept) if is_forced else kept
    return metadata
