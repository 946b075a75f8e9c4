"""Read how to turn a picture, and when and where it was taken, out of its EXIF block and XMP packet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from PIL.ExifTags import GPS, IFD, Base
from PIL.Image import Exif, Image

from clipsql.images import xmp
from clipsql.images.places import AmbiguousPlace, degrees, read_degrees
from clipsql.images.times import read_fraction, read_offset, read_time
from clipsql.images.years import is_ordinary

_ORIGINAL = (Base.DateTimeOriginal, Base.SubsecTimeOriginal, Base.OffsetTimeOriginal)
_DIGITIZED = (Base.DateTimeDigitized, Base.SubsecTimeDigitized, Base.OffsetTimeDigitized)
_CHANGED = (Base.DateTime, Base.SubsecTime, Base.OffsetTime)

_XMP_TIMES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate")
_XMP_PLACE = ("exif:GPSLongitude", "exif:GPSLatitude")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a picture says of itself; `remarks` tell why a time or place that is there was not taken."""

    orientation: int = 1
    taken_at: datetime | None = None
    place: tuple[float, float] | None = None
    remarks: tuple[str, ...] = ()


class _Ambiguous(ValueError):
    """A time that may mean two instants."""


def read_facts(image: Image, *, timezone: tzinfo) -> Facts:
    """The facts of a loaded picture; `timezone` holds for times without an offset.

    EXIF comes before XMP, the time taken before the time of digitisation; the time of a change is neither. Where
    two readings are possible and disagree there is none, and a remark says why. A broken block says nothing.
    """
    block = _block(image)
    packet = image.info.get("xmp")
    orientation = _orientation(block)
    taken_at, place, remarks = None, None, []
    try:
        taken_at = _taken_at(block, packet, timezone)
    except _Ambiguous as why:
        remarks.append(f"no time taken: {why}")
    try:
        place = _position(block, packet)
    except AmbiguousPlace as why:
        remarks.append(f"no place: {why}")
    return Facts(orientation=orientation, taken_at=taken_at, place=place, remarks=tuple(remarks))


def _block(image: Image) -> Exif:
    try:
        return image.getexif()
    except Exception:  # a broken block raises nearly anything and says nothing to rely on
        return Exif()


def _part(block: Exif, which: IFD) -> Mapping[int, Any]:
    try:
        return block.get_ifd(which)
    except Exception:  # as above
        return {}


def _orientation(block: Exif) -> int:
    value = block.get(Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def _taken_at(block: Exif, packet: bytes | str | None, timezone: tzinfo) -> datetime | None:
    for time in _times(block, packet):
        time = time if time.tzinfo else time.replace(tzinfo=timezone)
        return time if is_ordinary(time) else None
    return None


def _times(block: Exif, packet: bytes | str | None) -> Iterator[datetime]:
    """Times, best first; EXIF's naive ones with the offset that the file has for them."""
    details = _part(block, IFD.Exif)
    for tags in (_ORIGINAL, _DIGITIZED):
        # Some software writes these tags into the first directory, where they do not belong.
        for directory in (details, block):
            time = _exif_time(directory, tags)
            if time is not None:
                yield _with_offset(time, _offsets(details, block, time, tags), packet)
    for text in xmp.properties(packet, *_XMP_TIMES).values():
        time = read_time(text)
        if time is not None:
            yield time


def _exif_time(directory: Mapping[int, Any], tags: tuple[Base, Base, Base]) -> datetime | None:
    time = read_time(_text(directory.get(tags[0])))
    if time is not None and not time.microsecond:
        time = time.replace(microsecond=read_fraction(_text(directory.get(tags[1]))))
    return time


def _offsets(
    details: Mapping[int, Any], block: Exif, time: datetime, tags: tuple[Base, Base, Base]
) -> Iterator[tzinfo]:
    """Offsets that the EXIF block has for this time: its own, and those of other times that are the same."""
    own = _first_offset(details, block, tags[2])
    if own is not None:
        yield own
        return
    for others in (_ORIGINAL, _DIGITIZED, _CHANGED):
        offset = _first_offset(details, block, others[2])
        texts = [_text(directory.get(others[0])) for directory in (details, block)]
        # Many a camera writes OffsetTime alone, for whatever time it writes. Once software has changed the
        # picture, at another time, it is the offset of that change.
        is_same = any(_same_clock(read_time(text), time) for text in texts)
        if offset is not None and (is_same or not any(texts)):
            yield offset


def _first_offset(details: Mapping[int, Any], block: Exif, tag: Base) -> tzinfo | None:
    return read_offset(_text(details.get(tag))) or read_offset(_text(block.get(tag)))


def _with_offset(time: datetime, offsets: Iterator[tzinfo], packet: bytes | str | None) -> datetime:
    """The time with its offset, if there is one. Raises _Ambiguous when two disagree."""
    known = {zone.utcoffset(None): zone for zone in (*offsets, *([time.tzinfo] if time.tzinfo else []))}
    if not known:
        same = (read_time(text) for text in xmp.properties(packet, *_XMP_TIMES).values())
        known = {
            other.utcoffset(): other.tzinfo
            for other in same
            if other is not None and other.tzinfo is not None and _same_clock(other, time)
        }
    if len(known) > 1:
        told = " and ".join(sorted(str(zone) for zone in known.values()))
        raise _Ambiguous(f"{time:%Y-%m-%d %H:%M:%S} is said to be both {told}")
    return time.replace(tzinfo=next(iter(known.values()), None))


def _same_clock(one: datetime | None, other: datetime) -> bool:
    return one is not None and one.replace(microsecond=0, tzinfo=None) == other.replace(
        microsecond=0, tzinfo=None
    )


def _position(block: Exif, packet: bytes | str | None) -> tuple[float, float] | None:
    """(longitude, latitude) in signed degrees (WGS 84); exactly (0, 0) is kept. Raises AmbiguousPlace."""
    gps = _part(block, IFD.GPSInfo)
    ambiguous = None
    if GPS.GPSLongitude in gps and GPS.GPSLatitude in gps:
        try:
            return (
                _degrees(gps, "longitude", GPS.GPSLongitude, GPS.GPSLongitudeRef),
                _degrees(gps, "latitude", GPS.GPSLatitude, GPS.GPSLatitudeRef),
            )
        except AmbiguousPlace as why:
            ambiguous = why
    found = xmp.properties(packet, *_XMP_PLACE)
    if len(found) == 2:
        return read_degrees("longitude", found[_XMP_PLACE[0]]), read_degrees("latitude", found[_XMP_PLACE[1]])
    if ambiguous is not None:
        raise ambiguous
    return None


def _degrees(gps: Mapping[int, Any], axis: str, tag: int, reference_tag: int) -> float:
    value = gps[tag]
    reference = _text(gps.get(reference_tag)) or None
    if isinstance(value, str | bytes):
        text = _text(value)
        is_named = reference is None or text[-1:].isalpha() or text[:1].isalpha()
        return read_degrees(axis, text if is_named else f"{text}{reference}")
    parts = [_number(part) for part in (value if isinstance(value, tuple) else (value,))]
    # Without a reference only a sign, or one decimal number, says that degrees are signed.
    if reference is None and len(parts) > 1 and all(part >= 0 for part in parts) and any(parts):
        raise AmbiguousPlace(f"the {axis} names no hemisphere")
    return degrees(axis, parts, reference)


def _number(part: Any) -> float:
    try:
        return float(part)
    except (TypeError, ValueError):
        return math.nan


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 ") if isinstance(value, str) else ""
