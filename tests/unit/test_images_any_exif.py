"""Whatever an EXIF block holds, it is a time and a place that exist, or none, and the picture is used."""

from __future__ import annotations

import contextlib
import io
import math
import string
import struct
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from clipsql.errors import ImageError
from clipsql.images.decoding import Picture, decode

ENDS_OF_THE_EARTH = [timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14))]
TIME_TAGS = (Base.DateTimeOriginal, Base.SubsecTimeOriginal, Base.OffsetTimeOriginal)
PLACE_TAGS = (GPS.GPSLatitudeRef, GPS.GPSLatitude, GPS.GPSLongitudeRef, GPS.GPSLongitude)
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value of each type that TIFF knows."""


class Entry(NamedTuple):
    """What stands at a tag: the number of a type, how many values, and their bytes."""

    type: int
    count: int
    data: bytes


Entries = dict[int, Entry]


def text(value: str) -> Entry:
    data = value.encode() + b"\0"
    return Entry(2, len(data), data)


def rationals(*values: Fraction | int) -> Entry:
    parts = [part for value in values for part in Fraction(value).as_integer_ratio()]
    return Entry(5, len(values), struct.pack(f">{len(parts)}L", *parts))


def directory(entries: Entries, start: int) -> bytes:
    """The entries as TIFF writes them from that offset on."""
    head, rest = struct.pack(">H", len(entries)), b""
    end = start + 2 + 12 * len(entries) + 4
    for tag, entry in sorted(entries.items()):
        value = entry.data.ljust(4, b"\0")
        if len(value) > 4:
            value, rest = struct.pack(">L", end + len(rest)), rest + value
        head += struct.pack(">HHL", tag, entry.type, entry.count) + value
    return head + bytes(4) + rest


def block(details: Entries, place: Entries, *, orientation: int = 1) -> bytes:
    first = 8 + 2 + 12 * 3 + 4
    written = directory(details, first)
    pointers = {
        Base.Orientation: Entry(3, 1, struct.pack(">H", orientation)),
        IFD.Exif: Entry(4, 1, struct.pack(">L", first)),
        IFD.GPSInfo: Entry(4, 1, struct.pack(">L", first + len(written))),
    }
    head = b"Exif\0\0MM\0*" + struct.pack(">L", 8) + directory(pointers, 8)
    return head + written + directory(place, first + len(written))


def photo(exif: bytes) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def written_time(time: datetime) -> str:
    return f"{time.year:04}:{time:%m:%d %H:%M:%S}"  # %Y leaves out the zeros of early years


def assert_sane(picture: Picture) -> None:
    if picture.taken_at is not None:
        for zone in ENDS_OF_THE_EARTH:
            assert 1 <= picture.taken_at.astimezone(zone).year <= 9999
    assert (picture.longitude is None) == (picture.latitude is None)
    assert abs(picture.longitude or 0) <= 180
    assert abs(picture.latitude or 0) <= 90


@st.composite
def values(draw: st.DrawFn) -> Entry:
    kind, count = draw(st.sampled_from(sorted(SIZES))), draw(st.integers(0, 4))
    length = SIZES[kind] * count
    return Entry(kind, count, draw(st.binary(min_size=length, max_size=length)))


doubles = st.lists(st.floats(), min_size=1, max_size=3).map(
    lambda numbers: Entry(12, len(numbers), struct.pack(f">{len(numbers)}d", *numbers))
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=25),
    st.text(alphabet=string.digits + ":+- TWSZ\0", max_size=25),
    st.from_regex(r"[0-9]{4}:[0-9]{2}:[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True),
    st.from_regex(r"[+-][0-9]{2}:?[0-9]{2}", fullmatch=True),
).map(text)
anything = st.one_of(values(), doubles, texts)
real_times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))
Degrees = tuple[int, int, Fraction]
real_degrees = st.tuples(st.integers(0, 89), st.integers(0, 59), st.fractions(0, 59, max_denominator=1000))


@pytest.mark.parametrize("zone", ENDS_OF_THE_EARTH, ids=str)
@given(
    details=st.dictionaries(st.sampled_from(TIME_TAGS), anything),
    place=st.dictionaries(st.sampled_from(PLACE_TAGS), anything),
)
def test_any_tags_give_a_time_and_a_place_that_exist_or_none(
    zone: timezone, details: Entries, place: Entries
) -> None:
    assert_sane(decode(photo(block(details, place)), timezone=zone))


@pytest.mark.parametrize("zone", ENDS_OF_THE_EARTH, ids=str)
@pytest.mark.parametrize("time", ["0001:01:01 00:00:00", "9999:12:31 23:59:59", "9999:12:31 12:00:00"])
def test_a_time_at_the_end_of_time_is_dropped(zone: timezone, time: str) -> None:
    assert decode(photo(block({Base.DateTimeOriginal: text(time)}, {})), timezone=zone).taken_at is None


@given(time=real_times, details=st.dictionaries(st.sampled_from(TIME_TAGS[1:]), anything))
def test_a_real_time_is_kept_whatever_its_fraction_and_offset_say(time: datetime, details: Entries) -> None:
    found = decode(photo(block(details | {Base.DateTimeOriginal: text(written_time(time))}, {}))).taken_at
    assert found is not None
    assert found.replace(tzinfo=None, microsecond=0) == time.replace(microsecond=0)


@given(time=real_times, minutes=st.integers(-15 * 60, 15 * 60))
def test_a_time_with_an_offset_is_read_back(time: datetime, minutes: int) -> None:
    hours, rest = divmod(abs(minutes), 60)
    details = {
        Base.DateTimeOriginal: text(written_time(time)),
        Base.SubsecTimeOriginal: text(f"{time.microsecond:06}"),
        Base.OffsetTimeOriginal: text(f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"),
    }
    zone = timezone(timedelta(minutes=minutes))
    assert decode(photo(block(details, {}))).taken_at == time.replace(tzinfo=zone)


@given(latitude=real_degrees, longitude=real_degrees, south=st.booleans(), west=st.booleans())
def test_a_place_is_read_back(latitude: Degrees, longitude: Degrees, south: bool, west: bool) -> None:
    def signed(degrees: Degrees, negative: bool) -> float:
        value = float(degrees[0] + Fraction(degrees[1], 60) + degrees[2] / 3600)
        return -value if negative else value

    picture = decode(
        photo(
            block(
                {},
                {
                    GPS.GPSLatitudeRef: text("S" if south else "N"),
                    GPS.GPSLatitude: rationals(*latitude),
                    GPS.GPSLongitudeRef: text("W" if west else "E"),
                    GPS.GPSLongitude: rationals(*longitude),
                },
            )
        )
    )
    assert (picture.longitude, picture.latitude) == pytest.approx(
        (signed(longitude, west), signed(latitude, south)), abs=1e-9
    )


PLACE = {
    GPS.GPSLatitudeRef: text("N"),
    GPS.GPSLatitude: rationals(41, 45, 18),
    GPS.GPSLongitudeRef: text("E"),
    GPS.GPSLongitude: rationals(12, 30, 0),
}
TIME = {Base.DateTimeOriginal: text("2020:05:04 18:39:11"), Base.OffsetTimeOriginal: text("+02:00")}
EXAMPLE = block(TIME, PLACE)


@given(
    changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.integers(6, len(EXAMPLE)),
)
def test_any_bytes_of_a_block_leave_the_picture_usable(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(EXAMPLE)
    for place, value in changes:
        data[6 + place % (len(data) - 6)] = value  # after the "Exif" that makes it one
    picture = decode(photo(bytes(data[:length])))
    assert picture.width * picture.height == 4 * 8
    assert_sane(picture)


@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_bytes_of_a_picture_give_the_picture_or_say_why_not(changes: list[tuple[int, int]]) -> None:
    data = bytearray(photo(EXAMPLE))
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(ImageError):
        assert_sane(decode(bytes(data)))


def test_a_place_that_is_none_takes_neither_time_nor_orientation_with_it() -> None:
    # As doubles, which no camera writes and whose sum is not even infinite.
    endless = Entry(12, 3, struct.pack(">3d", math.inf, -math.inf, 0))
    picture = decode(photo(block(TIME, PLACE | {GPS.GPSLatitude: endless}, orientation=6)))
    assert (picture.width, picture.height) == (8, 4)
    assert picture.taken_at == datetime(2020, 5, 4, 16, 39, 11, tzinfo=UTC)
    assert (picture.longitude, picture.latitude) == (None, None)
