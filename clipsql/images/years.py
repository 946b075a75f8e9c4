"""Which years a time may have, so that it is read back whatever the time zone of the session."""

from __future__ import annotations

from datetime import UTC, datetime

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def is_ordinary(time: datetime) -> bool:
    """Whether the aware time lies in the years 1 to 9999 in every time zone, as Python's times must."""
    return _FIRST <= time <= _LAST
