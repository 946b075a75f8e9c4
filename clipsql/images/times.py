"""Read a time as cameras, photo software and people write it, and the offset from UTC that it may carry."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<name>" + "|".join(_MONTHS) + r")[a-z]*\.?"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4})"
_CLOCK = (
    r"(?P<before>[ap]m|上午|下午)?\s*(?P<hour>\d{1,2})\s*[:.时]\s*(?P<minute>\d{1,2})"
    r"(?:\s*[:.分]\s*(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d+))?秒?)?\s*(?P<after>[ap]\.?m\.?(?![a-z]))?"
)
_REST = r"\s*(?P<offset>\S.*)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # 2020:05:04 18:39:11, 2020-05-04T18:39:11.5+02:00, 2020/5/4 6:39 PM
        rf"{_YEAR}\s*[:/.年-]\s*(?P<month>\d{{1,2}})\s*[:/.月-]\s*{_DAY}日?(?:\s+|\s*[T,]\s*){_CLOCK}{_REST}",
        # 20200504T183911Z
        rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)[T ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
        rf"(?:[.,](?P<fraction>\d+))?(?P<before>)(?P<after>)(?![\d.]){_REST}",
        # Mon May  4 18:39:11 2020
        rf"(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s+{_DAY}\s+{_CLOCK}\s+{_YEAR}(?P<offset>)",
        # Mon, 4 May 2020 18:39:11 +0200
        rf"(?:[a-z]{{3,9}},?\s+)?{_DAY}[\s-]+{_MONTH}[\s-]+{_YEAR},?\s+{_CLOCK}{_REST}",
    )
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-\u2212])\s*(\d{1,2})(?::?(\d\d))?(?::?00)?", re.IGNORECASE)
_UTC_NAMES = ("Z", "UTC", "GMT")


def read_time(text: str) -> datetime | None:
    """The time that a text writes, aware when it carries an offset, else naive; None when it is no such time.

    A date must come with a clock time. Days before months, years of two digits and names of zones other than
    UTC may mean several instants, so they are none.
    """
    for form in _FORMS:
        match = form.fullmatch(text.strip("\0 \t\r\n"))
        if match is not None:
            return _time(match)
    return None


def read_offset(text: str) -> tzinfo | None:
    """The offset from UTC that a text writes: "Z", "+02:00", "+8"; None when it is none of any place on Earth."""
    text = text.strip("\0 \t\r\n")
    if text.upper() in _UTC_NAMES:
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > timedelta(hours=15) or minutes > 59:
        return None
    return timezone(offset if sign == "+" else -offset)


def read_fraction(digits: str) -> int:
    """The microseconds that the digits after a decimal point mean, 0 when they are none."""
    match = re.match(r"\d+", digits.strip("\0 "))
    return int(match.group().ljust(6, "0")[:6]) if match else 0


def _time(match: re.Match[str]) -> datetime | None:
    found = match.groupdict()
    hour = _hour(int(found["hour"]), found["before"] or found["after"] or "")
    if hour is None:
        return None
    zone = None
    if found["offset"]:
        zone = read_offset(found["offset"])
        if zone is None:
            return None
    try:
        return datetime(
            int(found["year"]),
            _MONTHS.index(found["name"].lower()) + 1 if found.get("name") else int(found["month"]),
            int(found["day"]),
            hour,
            int(found["minute"]),
            int(found["second"] or 0),
            read_fraction(found["fraction"] or ""),
            zone,
        )
    except ValueError:
        return None


def _hour(hour: int, half: str) -> int | None:
    """The hour of the day; None for an hour that its half of the day does not have."""
    if not half:
        return hour
    is_afternoon = half[0] in "pP下"
    if hour > 12:
        return hour if is_afternoon else None  # "18:39 PM" is said of one time only
    return hour % 12 + 12 * is_afternoon
