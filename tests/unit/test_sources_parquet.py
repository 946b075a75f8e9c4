"""Parquet as writers of every kind leave it: pictures in it, bytes for text, numbers and times that Python has not."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import open_source
from clipsql.sources.inside import read_file

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(number: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(held, "PNG")
    return held.getvalue()


def read(folder: Path, table: pa.Table, **options: Any) -> list[PictureRecord | UnusableRow]:
    pq.write_table(table, folder / "a.parquet", **options)
    return list(open_source(folder / "a.parquet"))


def metadata(folder: Path, column: Any) -> list[Any]:
    table = pa.table({"file": [f"{number}.jpg" for number in range(len(column))], "x": column})
    return [
        dict(record.metadata).get("x") for record in read(folder, table) if isinstance(record, PictureRecord)
    ]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(
            pa.array([{"bytes": png(n), "path": f"{n}.png"} for n in range(3)], STRUCT), id="struct"
        ),
        pytest.param(
            pa.array(
                [{"bytes": png(n)} for n in range(3)],
                pa.struct([("bytes", pa.large_binary()), ("path", pa.null())]),
            ),
            id="struct without paths",
        ),
        pytest.param(pa.array([png(n) for n in range(3)], pa.large_binary()), id="bytes"),
    ],
)
def test_pictures_in_a_column_are_read_from_its_bytes(tmp_path: Path, column: pa.Array) -> None:
    table = pa.table({"image": column, "text": ["a", "b", "c"], "file_name": ["x", "y", "z"]})
    records = read(tmp_path, table)
    assert all(isinstance(record, PictureRecord) for record in records)
    for number, record in enumerate(records):
        assert isinstance(record, PictureRecord)
        assert record.file == tmp_path.resolve() / "a.parquet" / "image" / str(number + 1)
        assert record.url == record.file.as_uri()
        assert read_file(record.file) == png(number)
        assert record.captions == ("abc"[number],)
        assert record.metadata["file_name"] == "xyz"[number]
        assert record.metadata.get("image.path") in (None, f"{number}.png")
        assert "x89PNG" not in repr(record)


def test_pictures_are_read_in_any_order_whatever_the_row_groups(tmp_path: Path) -> None:
    column = pa.array([{"bytes": png(n % 250), "path": None} for n in range(300)], STRUCT)
    records = read(tmp_path, pa.table({"im/age": column, "file": ["x"] * 300}), row_group_size=70)
    order = [*range(300), 0, 299, 150, 149, 69, 70, 71, 3, 250]
    for place in [*order, *np.random.default_rng(1).permutation(300).tolist()]:
        record = records[place]
        assert isinstance(record, PictureRecord)
        assert record.file is not None
        assert read_file(record.file) == png(place % 250)


def test_a_path_alone_is_a_file_and_a_row_may_have_either(tmp_path: Path) -> None:
    values = [{"bytes": None, "path": "1.png"}, {"bytes": png(2), "path": "2.png"}]
    for column in (pa.array(values[:1], STRUCT), pa.array(values, STRUCT)):
        first, *others = read(tmp_path, pa.table({"image": column}))
        assert isinstance(first, PictureRecord)
        assert (first.file, dict(first.metadata)) == (tmp_path.resolve() / "1.png", {})
        for other in others:
            assert isinstance(other, PictureRecord)
            assert other.file is not None
            assert read_file(other.file) == png(2)
    (first,) = read(
        tmp_path,
        pa.table({"image": pa.array(values[:1], pa.struct([("bytes", pa.null()), ("path", pa.string())]))}),
    )
    assert isinstance(first, PictureRecord)
    assert first.file == tmp_path.resolve() / "1.png"


def test_a_row_without_a_picture_is_left_out(tmp_path: Path) -> None:
    column = pa.array([{"bytes": png(1), "path": None}, None, {"bytes": None, "path": None}], STRUCT)
    records = read(tmp_path, pa.table({"image": column, "text": ["a", "b", "c"]}))
    problems = [record.problem for record in records if isinstance(record, UnusableRow)]
    assert [problem[:40] for problem in problems] == [
        "a.parquet row 2 names no file or url; gi",
        "a.parquet row 3 names no file or url; gi",
    ]


def test_one_of_several_columns_of_pictures_is_taken_with_a_word(tmp_path: Path) -> None:
    table = pa.table({"image": pa.array([png(1)]), "mask": pa.array([png(2)])})
    pq.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert source.warnings() == (
        'a.parquet: pictures are taken from column "image"; '
        'those in "mask" only when it is named by --map file=COLUMN.',
    )
    (record,) = open_source(tmp_path / "a.parquet", column_map={"file": "mask"})
    assert isinstance(record, PictureRecord)
    assert record.file is not None
    assert read_file(record.file) == png(2)


@pytest.mark.parametrize(
    "inside", ["image/4", "image/0", "image/x", "image", "image/1/2", "text/1", "none/1"]
)
def test_what_is_not_in_the_file_is_no_file(tmp_path: Path, inside: str) -> None:
    read(tmp_path, pa.table({"image": pa.array([png(n) for n in range(3)]), "n": [1, 2, 3]}))
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "a.parquet" / inside)


def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    for content in (png(1), png(2) * 2):
        read(tmp_path, pa.table({"image": pa.array([content])}))
        assert read_file(tmp_path / "a.parquet" / "image" / "1") == content


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_text_may_be_written_as_bytes(tmp_path: Path, kind: pa.DataType) -> None:
    first, second = read(
        tmp_path,
        pa.table(
            {
                "url": pa.array([b"https://a.example/1.jpg", b"https://a.example/2.jpg"], kind),
                "caption": pa.array(["ein Hündchen".encode(), None], kind),
                "note": pa.array([b"x", b"\xff"], kind),
            }
        ),
    )
    assert isinstance(first, PictureRecord)
    assert (first.url, first.captions, dict(first.metadata)) == (
        "https://a.example/1.jpg",
        ("ein Hündchen",),
        {},
    )
    assert isinstance(second, PictureRecord)


def test_bytes_that_are_no_text_after_all_leave_out_their_row(tmp_path: Path) -> None:
    urls = [f"https://a.example/{number}.jpg".encode() for number in range(20)] + [b"https://\xff"]
    *rows, last = read(tmp_path, pa.table({"url": pa.array(urls)}))
    assert len(rows) == 20
    assert isinstance(last, UnusableRow)
    assert "bytes that are not UTF-8" in last.problem


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(
            pa.array([Decimal("12345678901234567890.123456789"), Decimal("1.5"), None]),
            [Decimal("12345678901234567890.123456789"), 1.5, None],
            id="decimals",
        ),
        pytest.param(
            pa.array([Decimal("1234567890123456789012345678901234567.00")], pa.decimal256(40, 2)),
            [1234567890123456789012345678901234567],
            id="large whole decimals",
        ),
        pytest.param(pa.array([2**62, None], pa.timestamp("us"))[1:], [None], id="no time"),
        pytest.param(
            pa.array([0, 253402300800000000, -62135596800000001], pa.timestamp("us")),
            ["1970-01-01T00:00:00", "10000-01-01T00:00:00.000000", "0000-12-31T23:59:59.999999"],
            id="times that Python has not",
        ),
        pytest.param(
            pa.array([{"a": [0, 2**62]}], pa.struct([("a", pa.list_(pa.timestamp("us")))])),
            [{"a": ["1970-01-01T00:00:00", "148108-07-06T14:00:27.387904"]}],
            id="nested times",
        ),
        pytest.param(
            pa.array([float("nan"), float("inf"), 0.5]), [None, None, 0.5], id="numbers that JSON has not"
        ),
        pytest.param(pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"], id="dictionary"),
        pytest.param(
            pa.array([{"a": [{"b": 1.5}, {"b": None}]}]),
            [{"a": [{"b": 1.5}, {"b": None}]}],
            id="nested",
        ),
        pytest.param(
            pa.array([[("k", 1), ("l", 2)]], pa.map_(pa.string(), pa.int64())), [{"k": 1, "l": 2}], id="map"
        ),
    ],
)
def test_values_are_kept_as_json_can(tmp_path: Path, column: Any, expected: list[Any]) -> None:
    found = metadata(tmp_path, column)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_parts_may_lie_in_folders(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").touch()
    for part in range(2):
        table = pa.table({"image": pa.array([{"bytes": png(part), "path": "x.png"}], STRUCT)})
        pq.write_table(table, tmp_path / "data" / f"train-{part}.parquet")
    records = list(open_source(tmp_path))
    assert [record.position for record in records] == ["train-0.parquet row 1", "train-1.parquet row 1"]
    assert [read_file(record.file) for record in records] == [png(0), png(1)]  # type: ignore[union-attr, arg-type]


def test_text_that_is_no_utf_8_leaves_out_its_row(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xff")]
    )
    first, second = read(tmp_path, pa.table({"file": ["1.jpg", "2.jpg"], "caption": broken}))
    assert isinstance(first, PictureRecord)
    assert first.captions == ("a",)
    assert isinstance(second, UnusableRow)
    assert second.problem.startswith("a.parquet row 2: the caption holds bytes that are not UTF-8")


def test_pictures_are_found_below_folders_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "Bücher\\neu" / "cafe\u0301"
    folder.mkdir(parents=True)
    (record,) = read(folder, pa.table({"image": pa.array([png(1)])}))
    assert isinstance(record, PictureRecord)
    assert record.file == folder.resolve() / "a.parquet" / "image" / "1"
    assert read_file(record.file) == png(1)
