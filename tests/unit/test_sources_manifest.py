"""Manifests: CSV, TSV, JSON lines and Parquet become records, or one clear error."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import Source, open_source


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def only(source: Source) -> PictureRecord:
    (record,) = source
    return record


def test_a_csv_row_becomes_a_record(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "frames.csv",
        "file,camera,taken_at,lon,lat,caption,speed,wet",
        'a/1.jpg,04254,2017-03-09T00:02:08.620Z,-0.12,51.5,"A bus, red",31.5,true',
    )
    source = open_source(path)
    record = only(source)
    assert record.url == (tmp_path / "a/1.jpg").resolve().as_uri()
    assert record.file == (tmp_path / "a/1.jpg").resolve()
    assert record.captions == ("A bus, red",)
    assert record.taken_at == datetime(2017, 3, 9, 0, 2, 8, 620_000, tzinfo=UTC)
    assert (record.longitude, record.latitude) == (-0.12, 51.5)
    assert record.metadata == {"camera": "04254", "speed": 31.5, "wet": True}
    assert record.position == "frames.csv line 2"
    assert (source.name, source.count()) == ("frames.csv", 1)


def test_a_source_can_be_read_again(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", "file", "1.jpg", "2.jpg"))
    assert list(source) == list(source)


def test_the_url_column_is_the_identity(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", "file,url", "1.jpg,https://example.org/1", "2.jpg,"))
    assert [record.url for record in source] == [
        "https://example.org/1",
        (tmp_path / "2.jpg").resolve().as_uri(),
    ]


def test_a_file_uri_names_a_local_file(tmp_path: Path) -> None:
    uri = (tmp_path / "a b.jpg").resolve().as_uri()
    record = only(open_source(write(tmp_path, "a.csv", "url", uri)))
    assert (record.url, record.file) == (uri, (tmp_path / "a b.jpg").resolve())


def test_base_folder_moves_relative_files(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "file", "1.jpg", "/abs/2.jpg")
    files = [record.file for record in open_source(path, base_folder=tmp_path / "pictures")]
    assert files == [(tmp_path / "pictures/1.jpg").resolve(), Path("/abs/2.jpg").resolve()]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("PATH,Text", ("c",)),
        ("filename,title", ("c",)),
        ("image_path,Caption", ("c",)),
        ("image,caption_1", ("c",)),
    ],
)
def test_columns_are_known_by_their_usual_names(
    tmp_path: Path, header: str, expected: tuple[str, ...]
) -> None:
    record = only(open_source(write(tmp_path, "a.csv", header, "1.jpg,c")))
    assert (record.captions, record.metadata) == (expected, {})


def test_numbered_captions_are_read_in_order_of_their_numbers(tmp_path: Path) -> None:
    record = only(
        open_source(write(tmp_path, "a.csv", "file,caption_10,caption_2,caption", "1.jpg,ten,two,main"))
    )
    assert record.captions == ("main", "two", "ten")


def test_columns_can_be_mapped(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "file,img_path,c1,c2,caption,when", "x,1.jpg,one,two,other,2020-01-01")
    mapping = {"file": "img_path", "caption": "c1,c2", "taken_at": "When"}
    record = only(open_source(path, column_map=mapping))
    assert record.file == (tmp_path / "1.jpg").resolve()
    assert record.captions == ("one", "two")
    assert record.taken_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert record.metadata == {"file": "x", "caption": "other"}


def test_a_usual_name_can_be_mapped_to_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "file,date", "1.jpg,last week")
    assert only(open_source(path, column_map={"taken_at": ""})).metadata == {"date": "last week"}


def test_tsv_is_read_without_quoting(tmp_path: Path) -> None:
    record = only(open_source(write(tmp_path, "a.tsv", "file\tcaption", '1.jpg\t"Hello" she said, "')))
    assert record.captions == ('"Hello" she said, "',)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbffile,caption\r\n1.jpg,"two\r\nlines"\r\n\r\n2.jpg,c\r\n')
    first, second = open_source(path)
    assert (first.captions, first.position) == (("two\r\nlines",), "a.csv line 2")
    assert (second.captions, second.position) == (("c",), "a.csv line 5")


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.gz", "a.jsonl.gz", "a.ndjson.gz"])
def test_compressed_manifests_are_read(tmp_path: Path, name: str) -> None:
    text = '{"file": "1.jpg"}\n' if "json" in name else "file\n1.jpg\n"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert only(open_source(tmp_path / name)).file == (tmp_path / "1.jpg").resolve()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["1", "-2.5", "", "1e3"], [1, -2.5, None, 1000.0], id="numbers"),
        pytest.param(["4254", "04254"], ["4254", "04254"], id="leading zero stays text"),
        pytest.param(["true", "False", ""], [True, False, None], id="booleans"),
        pytest.param(["true", "maybe"], ["true", "maybe"], id="text"),
        pytest.param(["1", "nan"], ["1", "nan"], id="nan is text"),
        pytest.param(["+1", ".5"], ["+1", ".5"], id="not JSON's numbers"),
        pytest.param(["12345678901234567890"], [12345678901234567890], id="large number stays exact"),
        pytest.param(["1e999"], ["1e999"], id="too large for a number"),
    ],
)
def test_csv_columns_get_the_type_of_all_their_values(
    tmp_path: Path, values: list[str], expected: list[Any]
) -> None:
    rows = [f"{number}.jpg,{value}" for number, value in enumerate(values)]
    records = list(open_source(write(tmp_path, "a.csv", "file,x", *rows)))
    assert [record.metadata.get("x") for record in records] == expected
    assert [type(record.metadata.get("x")) for record in records] == [type(value) for value in expected]


def test_a_column_can_be_kept_as_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "file,x", "1.jpg,17")
    assert only(open_source(path, text_columns=["X"])).metadata == {"x": "17"}
    path = write(tmp_path, "a.jsonl", '{"file": "1.jpg", "x": 17, "y": true}')
    assert only(open_source(path, text_columns=["x", "y"])).metadata == {"x": "17", "y": "true"}


def test_a_later_value_of_another_type_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    rows = [f"{number}.jpg,{number}" for number in range(1_000)]
    path = write(tmp_path, "a.csv", "file,score", *rows, "last.jpg,n/a")
    *_, last = open_source(path)
    assert re.match(r'a.csv line 1002: "n/a" in column "score".*--text "score"', last.problem)
    assert len(list(open_source(path, text_columns=["score"]))) == 1_001


def test_json_keeps_its_types(tmp_path: Path) -> None:
    row = {
        "file": "1.jpg",
        "captions": ["one", "", "two", "one"],
        "n": 1,
        "f": 2.0,
        "yes": False,
        "zip": "04254",
    }
    row |= {"none": None, "empty": "", "nested": {"a": [1, None, ""]}, "nan": float("nan")}
    record = only(open_source(write(tmp_path, "a.jsonl", "", json.dumps(row))))
    assert record.captions == ("one", "two")
    assert record.metadata == {"n": 1, "f": 2.0, "yes": False, "zip": "04254", "nested": {"a": [1, None, ""]}}
    assert record.position == "a.jsonl line 2"


def test_json_lines_may_differ_in_their_names(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"file": "1.jpg"}', '{"file": "2.jpg", "lon": 1, "lat": 2, "x": 3}')
    first, second = open_source(path)
    assert (first.longitude, first.metadata) == (None, {})
    assert (second.longitude, second.latitude, second.metadata) == (1, 2, {"x": 3})


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "file": ["1.jpg", "2.jpg"],
            "caption": [["one", "two"], []],
            "time": pa.array([1_489_017_728_620_000_001, None], pa.timestamp("ns")),
            "lon": [0.5, float("nan")],
            "lat": [51.5, None],
            "n": [1, None],
            "ok": [True, None],
            "day": [date(2020, 1, 2), None],
            "seen": pa.array([0, None], pa.timestamp("ns", "UTC")),
            "price": [Decimal("1.50"), None],
            "nested": [{"a": [1]}, None],
            "thumbnail": [b"\xff", None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet", timezone=ZoneInfo("Europe/London"))
    first, second = source
    assert first.captions == ("one", "two")
    assert first.taken_at == datetime(2017, 3, 9, 0, 2, 8, 620_000, tzinfo=UTC)
    assert (first.longitude, first.latitude) == (0.5, 51.5)
    assert first.metadata == {
        "n": 1,
        "ok": True,
        "day": "2020-01-02",
        "seen": "1970-01-01T00:00:00+00:00",
        "price": 1.5,
        "nested": {"a": [1]},
    }
    assert first.position == "a.parquet row 1"
    assert (second.captions, second.taken_at, second.longitude, second.metadata) == ((), None, None, {})
    assert source.count() == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2017-03-09T18:30:00+01:00", "2017-03-09T17:30:00+00:00", id="offset"),
        pytest.param("2017-07-09 18:30", "2017-07-09T17:30:00+00:00", id="naive is in the time zone"),
        pytest.param("2017-03-09 18:30:00 UTC", "2017-03-09T18:30:00+00:00", id="UTC in letters"),
        pytest.param("2017-03-09 18:30:00 -0500", "2017-03-09T23:30:00+00:00", id="spaced offset"),
        pytest.param("2017-03-09", "2017-03-09T00:00:00+00:00", id="date"),
        pytest.param("20170309", "2017-03-09T00:00:00+00:00", id="compact date"),
        pytest.param("1489017728", "2017-03-09T00:02:08+00:00", id="unix seconds"),
        pytest.param("1489017728620", "2017-03-09T00:02:08.620000+00:00", id="unix milliseconds"),
        pytest.param("1489017728.5", "2017-03-09T00:02:08.500000+00:00", id="fractional seconds"),
        pytest.param("2020:05:04 18:39:11", "2020-05-04T17:39:11+00:00", id="as EXIF writes it"),
    ],
)
def test_times_are_understood(tmp_path: Path, text: str, expected: str) -> None:
    source = open_source(
        write(tmp_path, "a.csv", "file,time", f"1.jpg,{text}"), timezone=ZoneInfo("Europe/London")
    )
    taken_at = only(source).taken_at
    assert taken_at is not None
    assert taken_at.astimezone(UTC) == datetime.fromisoformat(expected)


def test_adjacent_rows_about_one_picture_are_one_record_with_all_captions(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.csv",
        "file,caption,part",
        "1.jpg,one,val",
        "1.jpg,two,val",
        "1.jpg,one,val",
        "2.jpg,three,val",
        "1.jpg,again,val",
    )
    source = open_source(path)
    assert [(record.captions, record.position) for record in source] == [
        (("one", "two"), "a.csv line 2"),
        (("three",), "a.csv line 5"),
        (("again",), "a.csv line 6"),
    ]
    assert source.count() == 3


def test_adjacent_rows_that_differ_stay_apart(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "file,caption,part", "1.jpg,one,val", "1.jpg,two,train")
    assert [record.metadata["part"] for record in open_source(path)] == ["val", "train"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.csv", b"file,x\n1.jpg,1\n,2\n,2\n", id="empty"),
        pytest.param("a.csv", b"file,time\n1.jpg,2020-01-02\n2.jpg,soon\n3.jpg,2020-02-31\n", id="time"),
        pytest.param("a.csv", b"url,x\nhttps://a.example/1,1\nhttps://\0,2\n,2\n", id="nul"),
        pytest.param(
            "a.jsonl", b'{"file": "1.jpg"}\n{"file": "\\ud83d.jpg"}\n{"file": null}\n', id="half a pair"
        ),
    ],
)
def test_rows_that_cannot_be_used_are_passed_on_for_the_ingest_to_report(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    first, *others = open_source(tmp_path / name)
    assert first.url
    assert [type(row) for row in others] == [UnusableRow] * 2
    assert all(row.problem.startswith(row.position) for row in others)


def test_a_source_without_a_usable_row_at_first_is_refused(tmp_path: Path) -> None:
    rows = ["1.jpg,soon"] * 150 + ["1.jpg,2020-01-02"]
    with pytest.raises(SourceError, match=r'a\.csv line 2: "soon" in column "time" is no time'):
        list(open_source(write(tmp_path, "a.csv", "file,time", *rows)))
    late = list(open_source(write(tmp_path, "a.csv", "file,time", *rows[-60:])))
    assert [isinstance(record, PictureRecord) for record in late] == [False] * 59 + [True]


def test_a_folder_of_parquet_files_is_one_list(tmp_path: Path) -> None:
    for part in range(3):
        urls = [f"https://a.example/{part}/{number}.jpg" for number in range(2)]
        pq.write_table(pa.table({"URL": urls, "TEXT": ["a", "b"]}), tmp_path / f"part-{part}.parquet")
    (tmp_path / "_SUCCESS").touch()
    source = open_source(tmp_path)
    assert source.count() == 6
    assert [(record.url[-7:], record.position) for record in source][2:4] == [
        ("1/0.jpg", "part-1.parquet row 1"),
        ("1/1.jpg", "part-1.parquet row 2"),
    ]
    pq.write_table(pa.table({"URL": ["https://a.example/x"]}), tmp_path / "part-3.parquet")
    with pytest.raises(SourceError, match=r'part-3\.parquet has no column "TEXT", which part-0\.parquet has'):
        list(open_source(tmp_path))


def test_a_missing_picture_file_is_passed_on(tmp_path: Path) -> None:
    record = only(open_source(write(tmp_path, "a.csv", "file", "missing.jpg")))
    assert record.file == (tmp_path / "missing.jpg").resolve()


BAD = [
    pytest.param("a.xlsx", b"x", {}, r'"a.xlsx" is of no known kind.*\.csv.*\.parquet', id="unknown kind"),
    pytest.param("a.csv", b"", {}, "a.csv is empty.*name the columns", id="empty csv"),
    pytest.param("a.csv", b"file,caption\n", {}, "a.csv has no rows", id="header only"),
    pytest.param("a.jsonl", b"\n\n", {}, "a.jsonl has no rows", id="blank jsonl"),
    pytest.param(
        "a.csv", b"x,y\n1,2\n", {}, 'no file or url column, it has "x", "y".*--map file=', id="no file"
    ),
    pytest.param(
        "a.csv", b"file\n1.jpg\n", {"caption": "c1"}, 'no column "c1", it has "file"', id="mapped column"
    ),
    pytest.param("a.csv", b"file\n1.jpg\n", {"place": "x"}, '"place" cannot be mapped', id="unknown role"),
    pytest.param("a.csv", b"file,x,x\n1.jpg,1,2\n", {}, 'two columns "x"', id="column twice"),
    pytest.param("a.csv", b"file,x\n1.jpg\n", {}, "a.csv line 2 has 1 fields.*header has 2", id="ragged"),
    pytest.param(
        "a.csv", b'file,x\n1.jpg,"open\n', {}, "a.csv line 2 is no valid CSV.*quote", id="open quote"
    ),
    pytest.param(
        "a.csv",
        b"file,x\n1.jpg,\xff\xfe\n",
        {},
        'line 2: column "x" holds bytes that are not UTF-8',
        id="encoding",
    ),
    pytest.param("a.csv", b"file,x\n1.jpg,a\0b\n", {}, 'line 2: column "x" holds a NUL', id="nul"),
    pytest.param(
        "a.csv", b"file,caption\n1.jpg,a\0b\n", {}, "line 2: the caption holds a NUL", id="nul in a caption"
    ),
    pytest.param(
        "a.csv", b"file,time\n1.jpg,soon\n", {}, 'line 2: "soon" in column "time" is no time', id="time"
    ),
    pytest.param("a.csv", b'file,time\n1.jpg,"so\non"\n', {}, 'line 2: "so on" in', id="time in two lines"),
    pytest.param("a.csv", b"file,time\n1.jpg,2017-02-30\n", {}, 'line 2: "2017-02-30"', id="no such day"),
    pytest.param(
        "a.csv", b"file,lon,lat\n1.jpg,1,91\n", {}, "line 2: latitude 91 is not between", id="range"
    ),
    pytest.param(
        "a.csv", b"file,lon,lat\n1.jpg,east,1\n", {}, 'line 2: longitude "east" is no number', id="number"
    ),
    pytest.param(
        "a.csv", b"file,lon,lat\n1.jpg,1,\n", {}, "line 2: one of longitude and latitude", id="half a place"
    ),
    pytest.param("a.csv", b"file,x\n,1\n", {}, "line 2 names no file", id="empty file"),
    pytest.param(
        "a.jsonl", b'{"file": "\\ud83d.jpg"}\n', {}, "line 1: the file or url", id="half a pair in a file"
    ),
    pytest.param("a.jsonl", b'{"file":\n', {}, "a.jsonl line 1 is no valid JSON", id="json"),
    pytest.param(
        "a.jsonl", b'{"file": "1.jpg", "x": "\\ud83d"}\n', {}, "line 1: .*surrogate", id="half a pair"
    ),
    pytest.param("a.jsonl", b'{"file": "1.jpg", "\\u0000": 1}\n', {}, "line 1: .*NUL", id="nul in a name"),
    pytest.param(
        "a.jsonl", b'{"file": "1.jpg", "caption": {}}\n', {}, "line 1: the caption", id="caption object"
    ),
    pytest.param("a.jsonl", b"[1]\n", {}, "a.jsonl line 1 is no JSON object", id="array"),
    pytest.param("a.jsonl", b"[" * 100_000 + b"\n", {}, "a.jsonl line 1 is no valid JSON", id="deep json"),
    pytest.param(
        "a.jsonl", b'{"file": {"path": 1}}\n', {}, "a.jsonl line 1: .* is no file or url", id="object"
    ),
    pytest.param("a.parquet", b"PAR1 not really", {}, "a.parquet is no readable Parquet file", id="parquet"),
    pytest.param("a.csv.gz", b"not gzip at all", {}, "a.csv.gz cannot be read", id="gzip"),
    pytest.param(
        "a.csv.gz", gzip.compress(b"file\n1.jpg\n")[:-6], {}, "a.csv.gz cannot be read", id="cut gzip"
    ),
]


@pytest.mark.parametrize(("name", "content", "column_map", "message"), BAD)
def test_a_bad_manifest_is_one_line_that_says_what_to_do(
    tmp_path: Path, name: str, content: bytes, column_map: dict[str, str], message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(open_source(tmp_path / name, column_map=column_map))
    assert re.search(message, str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_link_to_itself_is_passed_on_like_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    record = only(open_source(write(tmp_path, "a.csv", "file", "loop.jpg")))
    assert record.file == (tmp_path / "loop.jpg").absolute()


def test_text_columns_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='no column "y", it has "file"'):
        open_source(write(tmp_path, "a.csv", "file", "1.jpg"), text_columns=["y"])


def test_a_missing_manifest_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing.csv.*does not exist"):
        open_source(tmp_path / "missing.csv")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    pq.write_table(pa.table({"file": ["1.jpg"]}), tmp_path / "a.parquet")
    script = """
import sys, pathlib
sys.modules["pyarrow"] = None  # what an import sees where the package is not installed
from clipsql.sources import open_source
open_source(pathlib.Path(sys.argv[1]))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "a.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(
        'ConfigurationError: Reading a.parquet needs the package pyarrow; run: pip install "clipsql[parquet]"'
    )


def test_traffic_frames_keep_their_camera_as_text(shared_data: Path) -> None:
    source = open_source(shared_data / "traffic/frames.csv")
    records = list(source)
    assert source.count() == len(records) == 864
    assert {record.metadata["camera"] for record in records} == {"04254", "06710", "09747"}
    assert all(record.file is not None and record.file.is_file() for record in records)
    assert all(record.taken_at and record.taken_at.date() == date(2017, 3, 9) for record in records)
    assert len({record.url for record in records}) == 864


def test_a_file_is_looked_for_as_it_stands_first(tmp_path: Path) -> None:
    (tmp_path / "a\\b.jpg").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.jpg").touch()
    for name in ("caf\u00e9.jpg", "cafe\u0301.jpg"):
        (tmp_path / name).touch()
    path = write(tmp_path, "a.csv", "file", "a\\b.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg", "no\\way.jpg")
    files = [record.file for record in open_source(path) if isinstance(record, PictureRecord)]
    names = ["a\\b.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg", "no/way.jpg"]
    assert files == [tmp_path.resolve() / name for name in names]
