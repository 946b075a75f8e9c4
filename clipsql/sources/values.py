"""Turn the values of a manifest into times, places, captions and JSON metadata."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, tzinfo
from datetime import time as time_of_day
from decimal import Decimal

from clipsql.images.places import read_degrees
from clipsql.images.times import read_time
from clipsql.images.years import is_ordinary
from clipsql.picture import JsonValue, exact_number

_RAW_BYTE = re.compile("[\udc80-\udcff]")
_UNIX_TIME = re.compile(r"-?\d{9,}(\.\d+)?")  # fewer digits are rather a date such as 20170309
_SECONDS_END = 10_000_000_000  # the year 2286; greater numbers are milliseconds


def parse_time(value: object, *, timezone: tzinfo) -> datetime | None:
    """The aware time that a value means, None for an empty one.

    Takes dates and times as `read_time` and ISO 8601 have them (without an offset: in the given time zone), and
    numbers or long digit strings as unix seconds or milliseconds. Raises ValueError for anything else.
    """
    if is_empty(value):
        return None
    if isinstance(value, str):
        value = _written_time(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time_of_day())
    if not isinstance(value, datetime):
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError("no time")
        value = _unix_time(float(value))
    time = value if value.tzinfo else value.replace(tzinfo=timezone)
    if not is_ordinary(time):
        raise ValueError("no year that every time zone can tell")
    return time


def parse_place(longitude: object, latitude: object) -> tuple[float, float] | None:
    """(longitude, latitude) in degrees, None when both are empty; numbers, or as `read_degrees` takes them.

    Raises ValueError saying what is wrong.
    """
    if is_empty(longitude) and is_empty(latitude):
        return None
    if is_empty(longitude) or is_empty(latitude):
        raise ValueError("one of longitude and latitude is missing")
    return _degrees("longitude", longitude, 180), _degrees("latitude", latitude, 90)


def parse_captions(value: object) -> list[str]:
    """The captions in a value: a text, a list of texts, or nothing. Raises ValueError for what is none."""
    if isinstance(value, list):
        return [caption for item in value for caption in parse_captions(item)]
    if is_empty(value):
        return []
    if isinstance(value, dict):
        raise ValueError("a JSON object where a text should be")
    return [storable(str(value).strip())]


def json_value(value: object) -> JsonValue | None:
    """The value as JSON keeps it; None for what is empty or has no form in JSON. Times become ISO text.

    Raises ValueError for text that PostgreSQL cannot store.
    """
    if isinstance(value, str):
        return storable(value)
    if is_empty(value) or isinstance(value, bytes):
        return None
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else exact_number(value)
    if isinstance(value, dict):
        return {storable(str(key)): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return value.isoformat() if isinstance(value, date | time_of_day) else str(value)


def storable(text: str) -> str:
    """The text itself. Raises ValueError for what PostgreSQL cannot store: NUL and halves of surrogate pairs."""
    if "\0" in text:
        raise ValueError("a NUL character")
    if text.isascii():
        return text
    if has_raw_bytes(text):
        raise ValueError("bytes that are not UTF-8")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair") from None
    return text


def has_raw_bytes(text: str) -> bool:
    """Whether a text holds bytes that are not UTF-8, in Python's way: as halves of surrogate pairs from U+DC80 on."""
    return not text.isascii() and _RAW_BYTE.search(text) is not None


def is_empty(value: object) -> bool:
    """Whether a value says nothing: None, blank text, or a number that is not finite."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, float | Decimal) and not math.isfinite(value)


def _written_time(text: str) -> datetime | float:
    time = read_time(text)
    if time is not None:
        return time
    return float(text) if _UNIX_TIME.fullmatch(text) else datetime.fromisoformat(text)


def _unix_time(number: float) -> datetime:
    seconds = number if abs(number) < _SECONDS_END else number / 1000
    if abs(seconds) >= _SECONDS_END:
        raise ValueError("neither unix seconds nor milliseconds")
    return datetime.fromtimestamp(seconds, UTC)


def _degrees(name: str, value: object, bound: int) -> float:
    try:
        degrees = float(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name} is no number") from None
    except ValueError:
        return read_degrees(name, str(value))
    if not abs(degrees) <= bound:
        raise ValueError(f"{name} {value} is not between -{bound} and {bound}")
    return degrees
