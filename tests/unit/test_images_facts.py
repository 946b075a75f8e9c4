"""Times and places in all their spellings: never another instant, never another hemisphere."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from clipsql.images.decoding import Picture, decode
from clipsql.images.places import AmbiguousPlace, degrees, read_degrees
from clipsql.images.times import read_offset, read_time

TAKEN = "2020:05:04 18:39:11"
NEW_YORK = ZoneInfo("America/New_York")


def photo(
    details: dict[int, Any] | None = None,
    *,
    first: dict[int, Any] | None = None,
    place: dict[int, Any] | None = None,
    xmp: str = "",
) -> Picture:
    exif = Image.Exif()
    exif.update(first or {})
    exif.get_ifd(IFD.Exif).update(details or {})
    exif.get_ifd(IFD.GPSInfo).update(place or {})
    held = io.BytesIO()
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {xmp}/></x:xmpmeta>'.encode()
    Image.new("RGB", (8, 8)).save(held, "JPEG", exif=exif, **({"xmp": packet} if xmp else {}))
    return decode(held.getvalue(), timezone=NEW_YORK)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020:05:04 18:39:11", "2020-05-04T18:39:11"),
        ("2020-05-04T18:39:11.25", "2020-05-04T18:39:11.250000"),
        ("2020/5/4 8:39", "2020-05-04T08:39:00"),
        ("2020.05.04 18.39.11", "2020-05-04T18:39:11"),
        ("2020:05:04 06:39:11 PM", "2020-05-04T18:39:11"),
        ("2020:05:04 12:39:11 am", "2020-05-04T00:39:11"),
        ("2020:05:04 下午 06:39:11", "2020-05-04T18:39:11"),
        ("2020年05月04日 18时39分11秒", "2020-05-04T18:39:11"),
        ("20200504T183911", "2020-05-04T18:39:11"),
        ("20200504183911", "2020-05-04T18:39:11"),
        ("Mon May  4 18:39:11 2020", "2020-05-04T18:39:11"),
        ("Mon, 4 May 2020 18:39:11 +0200", "2020-05-04T18:39:11+02:00"),
        ("2020:05:04 18:39:11Z", "2020-05-04T18:39:11+00:00"),
        ("2020:05:04 18:39:11+0000", "2020-05-04T18:39:11+00:00"),
        ("2020:05:04 18:39:11 +8", "2020-05-04T18:39:11+08:00"),
        ("2020:05:04 18:39:11 -03:30", "2020-05-04T18:39:11-03:30"),
        ("2020-05-04 18:39:11 GMT", "2020-05-04T18:39:11+00:00"),
        ("2020:05:04 18:39:11\0", "2020-05-04T18:39:11"),
    ],
)
def test_a_time_is_read_in_every_spelling(text: str, expected: str) -> None:
    assert read_time(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        "04/05/2020 18:39:11",
        "20:05:04 18:39:11",
        "2020:05:04",
        "2020:05:04 18:39:11 EST",
        "2020:05:04 18:39:11+99:00",
        "2020:05:04 18:39:11 am",
        "2020:02:30 10:00:00",
        "0000:00:00 00:00:00",
        "",
    ],
)
def test_a_time_that_may_mean_several_instants_is_none(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("text", "hours"), [("Z", 0), ("+8:00", 8), ("+08", 8), ("+0800", 8), ("UTC+8", 8), ("\u22128", -8)]
)
def test_an_offset_is_read_in_every_spelling(text: str, hours: int) -> None:
    offset = read_offset(text)
    assert offset is not None
    delta = offset.utcoffset(None)
    assert delta is not None
    assert delta.total_seconds() == hours * 3600


OTHER = "2021:01:01 00:00:00"


@pytest.mark.parametrize(
    ("details", "first", "xmp", "expected"),
    [
        pytest.param(
            {Base.DateTimeOriginal: TAKEN, Base.OffsetTimeOriginal: "Z"}, {}, "", "18:39:11+00:00", id="Z"
        ),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN + "+02:00"}, {}, "", "18:39:11+02:00", id="inside the text"
        ),
        pytest.param({Base.DateTimeDigitized: TAKEN}, {}, "", "18:39:11-04:00", id="digitized"),
        pytest.param({}, {Base.DateTimeOriginal: TAKEN}, "", "18:39:11-04:00", id="in the first directory"),
        pytest.param({}, {Base.DateTime: TAKEN}, "", None, id="a change alone"),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN, Base.OffsetTime: "+01:00"},
            {},
            "",
            "18:39:11+01:00",
            id="sole offset",
        ),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN, Base.OffsetTime: "+01:00"},
            {Base.DateTime: TAKEN},
            "",
            "18:39:11+01:00",
            id="offset of the same time",
        ),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN, Base.OffsetTime: "+01:00"},
            {Base.DateTime: OTHER},
            "",
            "18:39:11-04:00",
            id="offset of a change",
        ),
        pytest.param(
            {Base.DateTimeOriginal: "0000:00:00 00:00:00", Base.DateTimeDigitized: TAKEN},
            {},
            "",
            "18:39:11-04:00",
            id="blank original",
        ),
        pytest.param({}, {}, 'exif:DateTimeOriginal="2020-05-04T18:39:11Z"', "18:39:11+00:00", id="xmp exif"),
        pytest.param(
            {}, {}, 'photoshop:DateCreated="2020-05-04T18:39:11"', "18:39:11-04:00", id="xmp created"
        ),
        pytest.param(
            {}, {}, 'xmp:CreateDate="2020-05-04T18:39:11+08:00"', "18:39:11+08:00", id="xmp digitized"
        ),
        pytest.param({}, {}, 'photoshop:DateCreated="2020-05-04"', None, id="xmp date alone"),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN},
            {},
            'exif:DateTimeOriginal="2020-05-04T18:39:11+03:00"',
            "18:39:11+03:00",
            id="offset of the same time in xmp",
        ),
        pytest.param(
            {Base.DateTimeOriginal: TAKEN},
            {},
            'exif:DateTimeOriginal="2021-01-01T10:00:00+03:00"',
            "18:39:11-04:00",
            id="exif before xmp",
        ),
    ],
)
def test_the_time_taken_is_found_wherever_it_is(
    details: dict[int, Any], first: dict[int, Any], xmp: str, expected: str | None
) -> None:
    picture = photo(details, first=first, xmp=xmp)
    assert picture.taken_at == (
        None if expected is None else datetime.fromisoformat(f"2020-05-04T{expected}")
    )
    assert picture.remarks == ()


def test_of_two_offsets_that_disagree_there_is_no_time_and_the_reason_is_kept() -> None:
    picture = photo({Base.DateTimeOriginal: TAKEN + "+02:00", Base.OffsetTimeOriginal: "+01:00"})
    assert picture.taken_at is None
    assert picture.remarks == (
        "no time taken: 2020-05-04 18:39:11 is said to be both UTC+01:00 and UTC+02:00",
    )


def gps(latitude: Any, south: Any, longitude: Any, west: Any) -> dict[int, Any]:
    found = {
        GPS.GPSLatitudeRef: south,
        GPS.GPSLatitude: latitude,
        GPS.GPSLongitudeRef: west,
        GPS.GPSLongitude: longitude,
    }
    return {tag: value for tag, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param(gps(41.5, "N", 12.5, "W"), (-12.5, 41.5), id="one number"),
        pytest.param(gps((41, 30.5, 0), "N", (12, 0, 36), "W"), (-12.01, 41.508333), id="three numbers"),
        pytest.param(gps(41.5, "North", 12.5, "west"), (-12.5, 41.5), id="words"),
        pytest.param(gps(41.5, "South latitude", 12.5, "East longitude"), (12.5, -41.5), id="two words"),
    ],
)
def test_degrees_are_read_however_they_are_split(
    block: dict[int, Any], expected: tuple[float, float]
) -> None:
    picture = photo(place=block)
    assert (picture.longitude, picture.latitude) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        pytest.param(gps(41.5, "N/A", 12.5, "W"), '"N/A" is no hemisphere', id="no reference"),
        pytest.param(gps(41.5, "E", 12.5, "N"), "is no hemisphere", id="references changed"),
        pytest.param(gps((41, 30, 0), None, (12, 0, 0), "W"), "latitude names no hemisphere", id="missing"),
        pytest.param(
            gps((41, IFDRational(0, 0), 0), "N", (12, 0, 0), "W"), "is no number", id="zero over zero"
        ),
        pytest.param(gps((41, 90, 0), "N", (12, 0, 0), "W"), "more than 60 minutes", id="ninety minutes"),
        pytest.param(gps((95, 0, 0), "N", (12, 0, 0), "W"), "beyond 90 degrees", id="beyond the pole"),
    ],
)
def test_a_position_that_may_be_another_is_none_and_the_reason_is_kept(
    block: dict[int, Any], why: str
) -> None:
    picture = photo(place=block)
    assert (picture.longitude, picture.latitude) == (None, None)
    assert len(picture.remarks) == 1
    assert why in picture.remarks[0]


def test_xmp_has_the_position_where_exif_has_none() -> None:
    xmp = 'exif:GPSLatitude="53,20.1N" exif:GPSLongitude="6,15,30W"'
    picture = photo({Base.DateTimeOriginal: TAKEN}, xmp=xmp)
    assert (picture.longitude, picture.latitude) == pytest.approx((-6.258333, 53.335), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("53,20.1N", 53.335),
        ("53,20,6S", -53.335),
        ("-38.025312", -38.025312),
        ("-38.5 S", -38.5),
        ("N 41 45 18", 41.755),
        ("41°45'18\" north", 41.755),
    ],
)
def test_written_degrees_are_read(text: str, expected: float) -> None:
    assert read_degrees("latitude", text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("text", ["41,5", "-38.5 N", "53,20.1", "95 N", "12 E", "north", "41.5 N/A"])
def test_written_degrees_that_may_be_another_place_are_refused(text: str) -> None:
    with pytest.raises(AmbiguousPlace):
        read_degrees("latitude", text)


def test_a_broken_gps_block_leaves_the_time() -> None:
    picture = photo({Base.DateTimeOriginal: TAKEN}, place=gps((1, 2, 3, 4), "N", (12, 0, 0), "W"))
    assert picture.taken_at is not None
    assert picture.taken_at.astimezone(UTC) == datetime(2020, 5, 4, 22, 39, 11, tzinfo=UTC)
    assert picture.longitude is None


@pytest.mark.parametrize(
    ("parts", "reference", "expected"),
    [
        pytest.param([-38.0, -30.0], "S", -38.5, id="sign and letter"),
        pytest.param([-38.025312, 0.0, 0.0], "S", -38.025312, id="sign in the degrees alone"),
        pytest.param([-38.5], None, -38.5, id="sign alone"),
    ],
)
def test_a_sign_and_a_letter_that_say_the_same_count_once(
    parts: list[float], reference: str | None, expected: float
) -> None:
    assert degrees("latitude", parts, reference) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parts", "reference"),
    [pytest.param([-38.0], "N", id="letter"), pytest.param([38.0, -30.0], "S", id="other parts")],
)
def test_a_sign_that_contradicts_is_refused(parts: list[float], reference: str) -> None:
    with pytest.raises(AmbiguousPlace):
        degrees("latitude", parts, reference)


def test_the_times_and_places_of_public_reports_are_right(shared_data: Path) -> None:
    folder = shared_data / "reports"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here; set CLIPSQL_SHARED_DATA to test data that have it")
    found = {
        file.name: decode(file.read_bytes(), timezone=NEW_YORK)
        for case in ("14", "16", "18", "20", "21", "22")
        for file in folder.glob(f"{case}-*/*.jpg")
    }
    instants = {
        "01_tz_in_text.jpg": datetime(2025, 1, 14, 18, 31, 30, tzinfo=UTC),
        "02_tz_in_text_colon.jpg": datetime(2024, 8, 13, 15, 14, 26, tzinfo=UTC),
        "off_Z.jpg": datetime(2024, 6, 1, 10, tzinfo=UTC),
        "14_digitized_only.jpg": datetime(2011, 7, 19, 11, 36, 38, tzinfo=NEW_YORK),
        "15_ifd0_original.jpg": datetime(2024, 12, 21, 23, 39, 24, tzinfo=NEW_YORK),
        "07_only_OffsetTime.jpg": datetime(2024, 12, 21, 22, 39, 24, tzinfo=UTC),
    }
    assert {name: found[name].taken_at for name in instants} == instants
    places = {"32_dec_single.jpg": (-12.5, 41.5), "gps_signed_S.jpg": (-72.5, -38.025312)}
    for name, place in places.items():
        assert (found[name].longitude, found[name].latitude) == pytest.approx(place, abs=1e-6)
