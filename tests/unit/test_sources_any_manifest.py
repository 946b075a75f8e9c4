"""Any records come back as they were written, in every format; any bytes are records, named rows or one clear error."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord
from clipsql.sources import open_source

Row = dict[str, Any]

# What PostgreSQL stores: no NUL, no half of a surrogate pair.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
in_a_line = st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n")
times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))


def words(characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=1, max_size=20).map(str.strip).filter(bool)


def rows(characters: st.SearchStrategy[str], metadata: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Some rows of the columns that mean something, and of others; each names a picture of its own."""
    row = st.fixed_dictionaries(
        {
            "caption": st.one_of(st.just(""), words(characters)),
            "taken_at": st.one_of(st.none(), times),
            "place": st.one_of(st.none(), st.tuples(st.floats(-180, 180), st.floats(-90, 90))),
            "metadata": st.fixed_dictionaries(metadata),
        }
    )
    return st.lists(st.tuples(words(characters), row), min_size=1, max_size=6).map(
        lambda named: [
            {"file": f"{number} {name}.jpg", **row} for number, (name, row) in enumerate(named, start=1)
        ]
    )


# A number with an exponent of three digits is a text in a CSV.
floats = st.floats(-1e90, 1e90).filter(lambda number: number == 0 or abs(number) > 1e-90)
numbers = st.one_of(st.integers(), floats)
columns = {"note": words(letters), "number": numbers, "flag": st.booleans()}
line_columns = columns | {"note": words(in_a_line)}
json_values = st.recursive(
    st.one_of(st.booleans(), numbers, words(letters)),
    lambda values: st.one_of(
        st.lists(values, max_size=3), st.dictionaries(st.text(letters, max_size=5), values, max_size=3)
    ),
    max_leaves=5,
)


def flat(row: Row) -> Row:
    longitude, latitude = row["place"] or (None, None)
    time = row["taken_at"]
    columns = {"file": row["file"], "caption": row["caption"], "taken_at": time and time.isoformat()}
    return columns | {"longitude": longitude, "latitude": latitude} | row["metadata"]


def write_delimited(path: Path, rows: list[Row], **style: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, flat(rows[0]), **style)
        writer.writeheader()
        for row in rows:
            texts = {name: json.dumps(value) for name, value in row["metadata"].items() if name != "note"}
            writer.writerow(flat(row) | texts)


def write_csv(path: Path, rows: list[Row]) -> None:
    write_delimited(path, rows)


def write_tsv(path: Path, rows: list[Row]) -> None:
    write_delimited(path, rows, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)


def write_json_lines(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(flat(row)) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path, rows: list[Row]) -> None:
    pq.write_table(pa.Table.from_pylist([flat(row) | {"taken_at": row["taken_at"]} for row in rows]), path)


WRITERS: dict[str, Callable[[Path, list[Row]], None]] = {
    "a.csv": write_csv,
    "a.tsv": write_tsv,
    "a.jsonl": write_json_lines,
    "a.parquet": write_parquet,
}


def check_read_back(folder: Path, name: str, written: list[Row]) -> None:
    path = folder / name
    WRITERS[name](path, written)
    source = open_source(path, text_columns=["note"] if name in ("a.csv", "a.tsv") else [])
    found = list(source)
    assert [str(record.file) for record in found] == [
        os.path.realpath(folder / row["file"].strip().replace("\\", "/")) for row in written
    ]
    for record, row in zip(found, written, strict=True):
        assert record.captions == ((row["caption"],) if row["caption"] else ())
        assert record.taken_at == row["taken_at"]
        assert (record.longitude, record.latitude) == (row["place"] or (None, None))
        assert record.metadata == row["metadata"]
        assert {key: type(value) for key, value in record.metadata.items()} == {
            key: type(value) for key, value in row["metadata"].items()
        }
    assert source.count() == len(written)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifests")


@given(written=rows(letters, columns))
def test_a_csv_is_read_back(folder: Path, written: list[Row]) -> None:
    check_read_back(folder, "a.csv", written)


@given(written=rows(in_a_line, line_columns))
def test_a_tsv_is_read_back(folder: Path, written: list[Row]) -> None:
    check_read_back(folder, "a.tsv", written)


@given(written=rows(letters, columns | {"nested": json_values}))
def test_json_lines_are_read_back(folder: Path, written: list[Row]) -> None:
    check_read_back(folder, "a.jsonl", written)


whole = {
    "number": st.integers(-(2**63), 2**63 - 1),
    "share": floats,
}
listed = {"tags": st.lists(words(letters), max_size=3)}


@given(written=rows(letters, columns | whole | listed))
def test_a_parquet_is_read_back(folder: Path, written: list[Row]) -> None:
    check_read_back(folder, "a.parquet", written)


def read_all(path: Path) -> None:
    """Read it as ingest does: each row is a picture or says why it is none, or all ends in a SourceError."""
    with contextlib.suppress(SourceError):
        source = open_source(path)
        for row in source:
            if isinstance(row, PictureRecord):
                assert row.taken_at is None or row.taken_at.astimezone(UTC)
                assert all(math.isfinite(degrees or 0) for degrees in (row.longitude, row.latitude))
                json.dumps(dict(row.metadata), allow_nan=False)
            else:
                assert row.problem
                assert row.problem.startswith(row.position)
                assert "\n" not in row.problem
        source.count()


EXAMPLE: list[Row] = [
    {
        "file": f"{number}.jpg",
        "caption": "a red truck",
        "taken_at": datetime(2026, 3, 16, 12, tzinfo=UTC),
        "place": (120.5, 30.25),
        "metadata": {"note": "wet", "number": number, "flag": True},
    }
    for number in range(3)
]


@pytest.mark.parametrize("name", [*WRITERS, "a.csv.gz", "a.jsonl.gz"])
@given(
    changes=st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=4)), max_size=4),
    length=st.one_of(st.none(), st.integers(0, 3_000)),
)
def test_a_broken_manifest_is_read_or_refused(
    folder: Path, name: str, changes: list[tuple[int, bytes]], length: int | None
) -> None:
    path = folder / name
    plain = name.removesuffix(".gz")
    WRITERS[plain](folder / plain, EXAMPLE)
    data = (folder / plain).read_bytes()
    data = gzip.compress(data, mtime=0) if name != plain else data
    broken = bytearray(data)
    for place, wrong in changes:
        start = place % len(broken)
        broken[start : start + len(wrong)] = wrong
    path.write_bytes(broken[:length])
    read_all(path)


@pytest.mark.parametrize("name", [*WRITERS, "a.csv.gz", "a.txt", "a.json", "a.tar"])
@given(
    data=st.one_of(
        st.binary(max_size=200), st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_bytes_are_a_manifest_or_refused(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    read_all(folder / name)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), times.map(str)),
    lambda values: st.one_of(
        st.lists(values, max_size=3), st.dictionaries(st.text(max_size=5), values, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(["file", "url", "caption", "taken_at", "longitude", "latitude", "x", "\0", "y z"])


@given(rows=st.lists(st.dictionaries(names, anything), min_size=1, max_size=4))
def test_any_json_is_a_manifest_or_refused(folder: Path, rows: list[Row]) -> None:
    (folder / "any.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    read_all(folder / "any.jsonl")


@given(rows=st.lists(st.dictionaries(names, st.text(max_size=20)), min_size=1, max_size=4))
def test_any_fields_are_a_manifest_or_refused(folder: Path, rows: list[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, sorted({name for row in rows for name in row} | {"file"}))
    writer.writeheader()
    writer.writerows(rows)
    (folder / "any.csv").write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    read_all(folder / "any.csv")
