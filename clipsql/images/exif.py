"""Read when and where a picture was taken out of its EXIF block."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from PIL.ExifTags import GPS, IFD, Base
from PIL.Image import Exif

from clipsql.images.years import is_ordinary

_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


def taken_at(exif: Exif, *, timezone: tzinfo) -> datetime | None:
    """The aware time of DateTimeOriginal, with its own offset where it has one, else in the given time zone.

    None when the tag is absent or holds no real time ("0000:00:00 00:00:00") of an ordinary year.
    """
    details = exif.get_ifd(IFD.Exif)
    naive = parse_exif_time(_text(details.get(Base.DateTimeOriginal)))
    if naive is None:
        return None
    fraction = re.match(r"\d+", _text(details.get(Base.SubsecTimeOriginal)))
    if fraction:
        naive = naive.replace(microsecond=int(fraction.group().ljust(6, "0")[:6]))
    time = naive.replace(tzinfo=_offset(_text(details.get(Base.OffsetTimeOriginal))) or timezone)
    return time if is_ordinary(time) else None


def position(exif: Exif) -> tuple[float, float] | None:
    """(longitude, latitude) in signed decimal degrees (WGS 84); exactly (0, 0) is kept as it is.

    None when absent, not finite or out of range.
    """
    block = exif.get_ifd(IFD.GPSInfo)
    longitude = _degrees(block, GPS.GPSLongitude, GPS.GPSLongitudeRef, negative="W")
    latitude = _degrees(block, GPS.GPSLatitude, GPS.GPSLatitudeRef, negative="S")
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        return None
    return longitude, latitude


def parse_exif_time(text: str) -> datetime | None:
    """The naive time written EXIF's way ("2020:05:04 18:39:11"), or None when it is no such time."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _offset(text: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    # Beyond +-15 hours it is no offset of any place on Earth, and from 24 hours on Python refuses it.
    return None if offset > timedelta(hours=15) else timezone(-offset if sign == "-" else offset)


def _degrees(block: Mapping[int, Any], tag: int, reference_tag: int, *, negative: str) -> float | None:
    parts = block.get(tag)
    if not isinstance(parts, tuple) or not 1 <= len(parts) <= 3:
        return None
    try:
        degrees = math.fsum(float(part) / 60.0**power for power, part in enumerate(parts))
    except ValueError:  # infinities of both signs
        return None
    if not math.isfinite(degrees):  # a rational with denominator 0 reads as NaN
        return None
    return -degrees if _text(block.get(reference_tag)).upper() == negative else degrees


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ") if isinstance(value, str) else ""
