"""Whatever an EXIF block holds, it is a time and a place that exist, or none, and the picture is used."""

from __future__ import annotations

import contextlib
import io
import math
import string
import struct
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from clipsql.errors import ImageError
from clipsql.images.decoding import decode
from clipsql.images.exif import position, taken_at

ENDS_OF_THE_EARTH = [timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14))]

numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.builds(IFDRational, st.integers(-(2**31), 2**32), st.integers(-(2**31), 2**32)),
)
written = st.one_of(
    st.text(max_size=25),
    st.text(alphabet=string.digits + ":+- TWSZ\0", max_size=25),
    st.from_regex(r"[0-9]{4}:[0-9]{2}:[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True),
    st.from_regex(r"[+-][0-9]{2}:?[0-9]{2}", fullmatch=True),
)
anything = st.recursive(
    st.one_of(st.none(), st.binary(max_size=25), written, numbers),
    lambda values: st.lists(values, max_size=4).map(tuple),
    max_leaves=4,
)
TIME_TAGS = (Base.DateTimeOriginal, Base.SubsecTimeOriginal, Base.OffsetTimeOriginal)
PLACE_TAGS = (GPS.GPSLatitudeRef, GPS.GPSLatitude, GPS.GPSLongitudeRef, GPS.GPSLongitude)
real_times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))
real_degrees = st.tuples(st.integers(0, 89), st.integers(0, 59), st.fractions(0, 59, max_denominator=1000))


def block(details: dict[int, Any], place: dict[int, Any]) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif).update(details)
    exif.get_ifd(IFD.GPSInfo).update(place)
    return exif


def written_time(time: datetime) -> str:
    return f"{time.year:04}:{time:%m:%d %H:%M:%S}"  # %Y leaves out the zeros of early years


def assert_sane(time: datetime | None, place: tuple[float | None, float | None] | None) -> None:
    if time is not None:
        for zone in ENDS_OF_THE_EARTH:
            assert 1 <= time.astimezone(zone).year <= 9999
    if place is not None and place != (None, None):
        longitude, latitude = place
        assert longitude is not None
        assert latitude is not None
        assert abs(longitude) <= 180
        assert abs(latitude) <= 90


@pytest.mark.parametrize("zone", ENDS_OF_THE_EARTH, ids=str)
@given(
    details=st.dictionaries(st.sampled_from(TIME_TAGS), anything),
    place=st.dictionaries(st.sampled_from(PLACE_TAGS), anything),
)
def test_any_tags_give_a_time_and_a_place_that_exist_or_none(
    zone: timezone, details: dict[int, Any], place: dict[int, Any]
) -> None:
    exif = block(details, place)
    assert_sane(taken_at(exif, timezone=zone), position(exif))


@given(time=real_times, details=st.dictionaries(st.sampled_from(TIME_TAGS[1:]), anything))
def test_a_real_time_is_kept_whatever_its_fraction_and_offset_say(
    time: datetime, details: dict[int, Any]
) -> None:
    found = taken_at(block(details | {Base.DateTimeOriginal: written_time(time)}, {}), timezone=UTC)
    assert found is not None
    assert found.replace(tzinfo=None, microsecond=0) == time.replace(microsecond=0)


@given(time=real_times, minutes=st.integers(-15 * 60, 15 * 60))
def test_a_time_with_an_offset_is_read_back(time: datetime, minutes: int) -> None:
    offset = timedelta(minutes=minutes)
    hours, rest = divmod(abs(minutes), 60)
    details = {
        Base.DateTimeOriginal: written_time(time),
        Base.SubsecTimeOriginal: f"{time.microsecond:06}",
        Base.OffsetTimeOriginal: f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}",
    }
    assert taken_at(block(details, {}), timezone=UTC) == time.replace(tzinfo=timezone(offset))


Degrees = tuple[int, int, Fraction]


@given(latitude=real_degrees, longitude=real_degrees, south=st.booleans(), west=st.booleans())
def test_a_place_is_read_back(latitude: Degrees, longitude: Degrees, south: bool, west: bool) -> None:
    def parts(degrees: Degrees) -> tuple[IFDRational, ...]:
        return tuple(IFDRational(*Fraction(part).as_integer_ratio()) for part in degrees)

    def signed(degrees: Degrees, negative: bool) -> float:
        value = float(degrees[0] + Fraction(degrees[1], 60) + degrees[2] / 3600)
        return -value if negative else value

    place = {
        GPS.GPSLatitudeRef: "S" if south else "N",
        GPS.GPSLatitude: parts(latitude),
        GPS.GPSLongitudeRef: "W" if west else "E",
        GPS.GPSLongitude: parts(longitude),
    }
    found = position(block({}, place))
    assert found is not None
    assert math.dist(found, (signed(longitude, west), signed(latitude, south))) < 1e-9


PLACE = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (41.0, 45.0, 18.0),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (12.0, 30.0, 0.0),
}
TIME = {Base.DateTimeOriginal: "2020:05:04 18:39:11", Base.OffsetTimeOriginal: "+02:00"}


def jpeg(exif: bytes) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


@given(
    changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.integers(6, 400),
)
def test_any_bytes_of_a_block_leave_the_picture_usable(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(block(TIME, PLACE).tobytes())
    for place, value in changes:
        data[6 + place % (len(data) - 6)] = value  # after the "Exif" that makes it one
    picture = decode(jpeg(bytes(data[:length])))
    assert picture.pixels.size == (4, 8)
    assert_sane(picture.taken_at, (picture.longitude, picture.latitude))


@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_bytes_of_a_picture_give_the_picture_or_say_why_not(changes: list[tuple[int, int]]) -> None:
    data = bytearray(jpeg(block(TIME, PLACE).tobytes()))
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(ImageError):
        picture = decode(bytes(data))
        assert_sane(picture.taken_at, (picture.longitude, picture.latitude))


def test_a_place_that_is_none_takes_neither_time_nor_orientation_with_it() -> None:
    exif = block(TIME, PLACE)
    exif[Base.Orientation] = 6
    data = exif.tobytes()
    # As doubles, which no camera writes and whose sum is not even infinite.
    for right, wrong in (
        (struct.pack(">HHL", GPS.GPSLatitude, 5, 3), struct.pack(">HHL", GPS.GPSLatitude, 12, 3)),
        (struct.pack(">6L", 41, 1, 45, 1, 18, 1), struct.pack(">3d", math.inf, -math.inf, 0)),
    ):
        assert data.count(right) == 1
        data = data.replace(right, wrong)
    picture = decode(jpeg(data))
    assert (picture.width, picture.height) == (8, 4)
    assert picture.taken_at is not None
    assert (picture.longitude, picture.latitude) == (None, None)
