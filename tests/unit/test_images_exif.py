"""When and where a picture was taken, out of its EXIF block."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from clipsql.errors import ImageError
from clipsql.images.decoding import Picture, decode


def photo(details: dict[int, Any] | None = None, place: dict[int, Any] | None = None) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif).update(details or {})
    exif.get_ifd(IFD.GPSInfo).update(place or {})
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def place(latitude: tuple[Any, ...], south: str, longitude: tuple[Any, ...], west: str) -> dict[int, Any]:
    return {
        GPS.GPSLatitudeRef: south,
        GPS.GPSLatitude: latitude,
        GPS.GPSLongitudeRef: west,
        GPS.GPSLongitude: longitude,
    }


def position(picture: Picture) -> tuple[float | None, float | None]:
    return picture.longitude, picture.latitude


def test_a_time_with_an_offset_is_that_instant() -> None:
    data = photo({Base.DateTimeOriginal: "2020:05:04 18:39:11", Base.OffsetTimeOriginal: "-04:00"})
    taken_at = decode(data, timezone=ZoneInfo("Asia/Tokyo")).taken_at
    assert taken_at == datetime(2020, 5, 4, 22, 39, 11, tzinfo=UTC)
    assert taken_at.utcoffset() == timedelta(hours=-4)


def test_a_time_without_an_offset_is_in_the_given_time_zone() -> None:
    data = photo({Base.DateTimeOriginal: "2020:05:04 18:39:11"})
    assert decode(data).taken_at == datetime(2020, 5, 4, 18, 39, 11, tzinfo=UTC)
    assert decode(data, timezone=ZoneInfo("Europe/London")).taken_at == datetime(
        2020, 5, 4, 17, 39, 11, tzinfo=UTC
    )


@pytest.mark.parametrize(("fraction", "microsecond"), [("5", 500_000), ("088", 88_000), ("1234567", 123_456)])
def test_fractions_of_a_second_are_kept(fraction: str, microsecond: int) -> None:
    data = photo({Base.DateTimeOriginal: "2020:05:04 18:39:11", Base.SubsecTimeOriginal: fraction})
    taken_at = decode(data).taken_at
    assert taken_at is not None
    assert taken_at.microsecond == microsecond


@pytest.mark.parametrize(
    "text",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2020:13:01 00:00:00", "yesterday", "2020:05:04 24:00:60"],
)
def test_a_time_that_is_none_is_dropped(text: str) -> None:
    assert decode(photo({Base.DateTimeOriginal: text})).taken_at is None


@pytest.mark.parametrize("offset", ["+99:00", "   :  ", "Z5"])
def test_an_offset_that_is_none_counts_as_absent(offset: str) -> None:
    data = photo({Base.DateTimeOriginal: "2020:05:04 18:39:11", Base.OffsetTimeOriginal: offset})
    assert decode(data).taken_at == datetime(2020, 5, 4, 18, 39, 11, tzinfo=UTC)


def test_a_time_of_modification_is_not_taken_for_the_time_taken() -> None:
    exif = Image.Exif()
    exif[Base.DateTime] = "2020:05:04 18:39:11"
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    assert decode(buffer.getvalue()).taken_at is None


@pytest.mark.parametrize(
    ("south", "west", "expected"),
    [
        pytest.param("N", "E", (12.5, 41.755), id="north east"),
        pytest.param("S", "W", (-12.5, -41.755), id="south west"),
        pytest.param("s", "w", (-12.5, -41.755), id="lower case"),
    ],
)
def test_positions_are_signed_decimal_degrees(south: str, west: str, expected: tuple[float, float]) -> None:
    picture = decode(photo(place=place((41, 45, 18), south, (12, 30, 0), west)))
    assert position(picture) == pytest.approx(expected, abs=1e-9)


def test_null_island_is_kept_as_it_is() -> None:
    assert position(decode(photo(place=place((0, 0, 0), "N", (0, 0, 0), "E")))) == (0, 0)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(place((91, 0, 0), "N", (12, 0, 0), "E"), id="latitude out of range"),
        pytest.param(place((41, 0, 0), "N", (181, 0, 0), "E"), id="longitude out of range"),
        pytest.param(place((IFDRational(0, 0), 0, 0), "N", (12, 0, 0), "E"), id="not a number"),
        pytest.param({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (41.0, 0.0, 0.0)}, id="no longitude"),
    ],
)
def test_a_position_that_is_none_is_dropped_and_the_picture_used(block: dict[int, Any]) -> None:
    assert position(decode(photo(place=block))) == (None, None)


TIMES_OF_XMP = {
    "gps/Nokia Lumia 800.jpg": datetime(2012, 6, 9, 20, 23, 38, tzinfo=UTC),  # the offset of the same time
    "odd/Multiple ICC segments.jpg": datetime(2014, 12, 18, 19, 36, 40, tzinfo=UTC),
    "odd/image01713.jpg": datetime(2010, 3, 4, 10, 59, 38, tzinfo=UTC),
}
"""What exiftool's CSV lacks, because it is of EXIF alone."""


def test_every_photo_has_the_time_and_place_that_exiftool_reads(shared_data: Path) -> None:
    folder = shared_data / "exif"
    with (folder / "expected.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    refused = set()
    for row in rows:
        try:
            picture = decode((folder / row["file"]).read_bytes(), target_size=224, timezone=UTC)
        except ImageError:
            refused.add(row["file"])
            continue
        degrees = [float(row[name]) if row[name] else None for name in ("GPSLongitude", "GPSLatitude")]
        if row["file"] != "odd/Nikon D5000.jpg":  # its EXIF has seconds of 0/0, its XMP a whole position
            assert list(position(picture)) == pytest.approx(degrees, abs=1e-6), row["file"]
        assert picture.taken_at is None or picture.taken_at.tzinfo is not None
        found = picture.taken_at and picture.taken_at.replace(microsecond=0)
        assert found == TIMES_OF_XMP.get(row["file"], expected_time(row)), row["file"]
    assert len(rows) == 64
    assert refused == {  # their picture data is cut short or missing; none has a time or place
        "odd/32d08f4a5eb10332506ebedbb9bc7257.jpg",
        "odd/2c9e7a1805f8b47630bbb83d21bf8222.jpg",
        "odd/c3018ebe53d0046eecb58858ca869a99.jpg",
        "odd/beach.jpg",
        "odd/NullPointerException.HeifPictureHandler.processBox.heif",
    }


def expected_time(row: dict[str, str]) -> datetime | None:
    if not row["DateTimeOriginal"]:
        return None
    naive = datetime.strptime(row["DateTimeOriginal"], "%Y:%m:%d %H:%M:%S")
    offset = row["OffsetTimeOriginal"]
    zone: timezone = UTC
    if offset:
        delta = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
        zone = timezone(-delta if offset[0] == "-" else delta)
    return naive.replace(tzinfo=zone)
