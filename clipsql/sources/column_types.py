"""Give the untyped columns of CSV and TSV files a type, judged by their first rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from clipsql.picture import JsonValue, read_json

TYPED_ROWS = 1_000
"""How many rows of a file decide the type of its columns."""

# JSON's own grammar: "04254" is no number there, so it stays text with its zero.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,2})?")
_BOOLEANS = {"true": True, "false": False}


class MisfitError(ValueError):
    """A value does not fit the type that the first rows gave its column."""


def column_types(
    rows: Sequence[Mapping[str, str]], names: Collection[str], *, text_columns: Collection[str]
) -> dict[str, Callable[[str], JsonValue]]:
    """For each named column what turns its text into a value: number, boolean, or the text as it is.

    A column whose first rows are all empty stays text. Values of another type later raise MisfitError.
    """
    forced = {name.lower() for name in text_columns}
    types: dict[str, Callable[[str], JsonValue]] = {}
    for name in names:
        values = [value for row in rows if (value := row[name].strip())]
        if not values or name.lower() in forced:
            types[name] = str
        elif all(_NUMBER.fullmatch(value) for value in values):
            types[name] = _number
        elif all(value.lower() in _BOOLEANS for value in values):
            types[name] = _boolean
        else:
            types[name] = str
    return types


def _number(text: str) -> JsonValue:
    if not _NUMBER.fullmatch(text.strip()):
        raise MisfitError("a number")
    number: JsonValue = read_json(text)
    return number


def _boolean(text: str) -> JsonValue:
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise MisfitError("true or false")
    return value
