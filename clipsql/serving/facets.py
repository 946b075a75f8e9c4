"""What the pictures of a search have in common, counted: collections, times, values of their metadata."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]

_MOST_NAMES = 5
_MOST_VALUES = 40
_LEAST_SHARE = 0.2
"""Of pictures that have a value of the name at all."""
_BARS = 28


@dataclass(frozen=True)
class Choice:
    """One value, how many of the found pictures have it, and whether it is chosen."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Bar:
    """A stretch of time [begin, end), how many pictures are of it, and that as a share of the most."""

    begin: dt.datetime
    end: dt.datetime
    count: int
    height: float


@dataclass(frozen=True)
class Facet:
    """The values of one name; `is_whole` unless there may be more pictures than were counted."""

    name: str
    choices: Sequence[Choice]
    is_whole: bool


def collections_of(rows: Sequence[Row]) -> list[Choice]:
    """Collections by the number of their pictures."""
    return [
        Choice(name, count, False)
        for name, count in Counter(row["collection"] for row in rows).most_common(_MOST_VALUES)
    ]


def labels_of(rows: Sequence[Row], chosen: str) -> list[Choice]:
    """Labels of regions by the number of pictures that were found by one; a chosen one stands there in any case."""
    counted = Counter(row["label"] for row in rows if row["label"] is not None)
    known = dict(counted.most_common(_MOST_VALUES)) | ({chosen: counted[chosen]} if chosen else {})
    return [Choice(label, count, label == chosen) for label, count in known.items()]


def names_of(rows: Sequence[Row]) -> list[str]:
    """Names of metadata that part the pictures into a few groups, by how many pictures have one."""
    values: dict[str, Counter[str]] = {}
    for row in rows:
        for name, value in row["metadata"].items():
            if isinstance(value, str | bool):
                values.setdefault(name, Counter())[shown(value)] += 1
    few = {
        name: counted.total()
        for name, counted in values.items()
        if 2 <= len(counted) <= _MOST_VALUES and counted.total() >= _LEAST_SHARE * len(rows)
    }
    return sorted(few, key=lambda name: (-few[name], len(values[name]), name))[:_MOST_NAMES]


def values_of(rows: Sequence[Row], name: str, chosen: Sequence[str]) -> list[Choice]:
    """Values of one name, in their order; a chosen one stands there though no picture has it."""
    counted = Counter(
        shown(row["metadata"][name]) for row in rows if isinstance(row["metadata"].get(name), str | bool)
    )
    known = dict(counted.most_common(_MOST_VALUES)) | {value: counted[value] for value in chosen}
    return [Choice(value, known[value], value in chosen) for value in sorted(known)]


def times_of(rows: Sequence[Row]) -> list[Bar]:
    """How many pictures are of each stretch between the earliest and the latest; none when there is but one moment."""
    moments = [row["taken_at"].timestamp() for row in rows if row["taken_at"] is not None]
    if not moments or min(moments) == max(moments):
        return []
    first, width = min(moments), _width(max(moments) - min(moments))
    begin = first // width * width
    counted = Counter(int((moment - begin) // width) for moment in moments)
    most = max(counted.values())
    return [
        Bar(
            _instant(begin + place * width),
            _instant(begin + (place + 1) * width),
            counted[place],
            counted[place] / most,
        )
        for place in range(max(counted) + 1)
    ]


def hours_of(rows: Sequence[Row]) -> list[Bar]:
    """How many pictures are of each hour of the day in UTC, on a day of no meaning; none when there is but one hour."""
    counted = Counter(row["taken_at"].astimezone(dt.UTC).hour for row in rows if row["taken_at"] is not None)
    if len(counted) < 2:
        return []
    day, hour, most = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.timedelta(hours=1), max(counted.values())
    return [
        Bar(day + place * hour, day + (place + 1) * hour, counted[place], counted[place] / most)
        for place in range(24)
    ]


def shown(value: str | bool) -> str:
    """A value as a URL and a page have it."""
    return str(value).lower() if isinstance(value, bool) else value


def _width(span_s: float) -> float:
    """Seconds of a bar: a length that people count in, so that there are not more bars than fit."""
    for width in (
        1,
        10,
        60,
        600,
        3600,
        3 * 3600,
        6 * 3600,
        12 * 3600,
        86400,
        7 * 86400,
        30 * 86400,
        91 * 86400,
        365 * 86400,
    ):
        if span_s / width < _BARS:
            return width
    return span_s / _BARS


def _instant(timestamp: float) -> dt.datetime:
    within_years = max(-62_135_596_800, min(timestamp, 253_402_300_799))  # 1 to 9999, which Python knows
    return dt.datetime.fromtimestamp(within_years, dt.UTC)
