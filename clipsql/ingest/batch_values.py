"""Columns of pictures as they come back from Arrow, pandas, Spark or Ray, turned into what records have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from clipsql.errors import InvalidArgument
from clipsql.picture import PictureRecord, read_json
from clipsql.sources.values import json_value, parse_captions, parse_place, parse_time

Table: TypeAlias = Mapping[str, Sequence[Any]]
"""Columns by name: a dict of lists or arrays, or a frame of pandas."""

TOLD = ("captions", "metadata", "taken_at", "longitude", "latitude")
"""Columns of what a source may tell of a picture."""


def columns_of(pictures: Table, names: Collection[str], *, needed: Collection[str]) -> dict[str, list[Any]]:
    """The columns as lists of one length, None, NaN and NaT as None.

    Raises TypeError for one of another name, InvalidArgument where one is absent or has another length.
    """
    given = {
        str(name): list(map(_known, pictures[name]))
        for name in pictures.keys()  # noqa: SIM118  a frame is no mapping
    }
    for name in given:
        if name not in names:
            raise TypeError(f"a picture has no {name}; it may have: {', '.join(names)}")
    lengths = {name: len(values) for name, values in given.items()}
    if not set(needed) <= given.keys() or len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidArgument(
            f"There must be {' and '.join(needed)}, every column with a value for each picture; "
            f"there are: {told or 'none'}."
        )
    return given


def rows_of(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The same, row by row."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def told_record(url: str, row: Mapping[str, Any], *, timezone: dt.tzinfo) -> PictureRecord:
    """What the columns TOLD of a row tell of a picture. Raises ValueError for what is no value of theirs."""
    moment = row.get("taken_at")
    if isinstance(moment, np.datetime64):
        moment = moment.astype("datetime64[us]").item()
    place = parse_place(row.get("longitude"), row.get("latitude"))
    longitude, latitude = place or (None, None)
    captions = row.get("captions")
    listed = captions if isinstance(captions, str | None) else list(captions)
    metadata = row.get("metadata")
    if isinstance(metadata, str | bytes):
        metadata = read_json(metadata)
    metadata = {} if metadata is None else json_value(metadata)
    if not isinstance(metadata, dict):
        raise ValueError("metadata that is no JSON object")
    return PictureRecord(
        url,
        captions=tuple(dict.fromkeys(parse_captions(listed))),
        taken_at=parse_time(moment, timezone=timezone),
        longitude=longitude,
        latitude=latitude,
        metadata={name: value for name, value in metadata.items() if value is not None},
    )


def _known(value: Any) -> Any:
    is_scalar = isinstance(value, float | np.floating | np.datetime64 | dt.datetime)
    return None if is_scalar and value != value else value
