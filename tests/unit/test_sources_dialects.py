"""CSV as spreadsheets, data sets and old programs write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clipsql.cli import main
from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import open_source, tables

ADDRESS = "https://example.org/1.jpg"


def read(folder: Path, name: str, content: str | bytes, **options: Any) -> list[PictureRecord | UnusableRow]:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_source(folder / name, **options))


def only(folder: Path, name: str, content: str | bytes, **options: Any) -> PictureRecord:
    (record,) = read(folder, name, content, **options)
    assert isinstance(record, PictureRecord)
    return record


@pytest.mark.parametrize(
    ("name", "content", "captions"),
    [
        pytest.param("a.csv", "file;caption\n1.jpg;a dog, brown\n", ("a dog, brown",), id="semicolons"),
        pytest.param("a.csv", "file|caption\n1.jpg|a dog; brown\n", ("a dog; brown",), id="bars"),
        pytest.param("a.csv", 'file\tcaption\n1.jpg\t"a, b"\n', ('"a, b"',), id="tabs"),
        pytest.param("a.tsv", 'file,caption\n1.jpg,"a, b"\n', ("a, b",), id="commas in a .tsv"),
        pytest.param("a.csv", 'sep=;\nfile;caption\n1.jpg;"a;b"\n', ("a;b",), id="said"),
        pytest.param("a.csv", '"sep=^"\r\nfile^caption\r\n1.jpg^a\r\n', ("a",), id="said in quotes"),
        pytest.param("a.csv", 'file;"caption, long"\n1.jpg;a\n', (), id="a comma in a quoted name"),
        pytest.param("a.csv", "file,caption\n1.jpg,a;b;c;d\n", ("a;b;c;d",), id="semicolons in a text"),
        pytest.param("a.csv", "caption;file,name;file\na;b,c;1.jpg\n", ("a",), id="a comma in a name"),
        pytest.param("a.csv", f"two, three dogs;{ADDRESS}\n", ("two, three dogs",), id="no header"),
        pytest.param("a.txt", "image,caption\n1.jpg,a\n", ("a",), id="a CSV called .txt"),
        pytest.param("a.txt", "image;caption\n1.jpg;a\n", ("a",), id="semicolons in a .txt"),
        pytest.param("a.txt", '\n{"file": "1.jpg", "caption": "a"}\n', ("a",), id="JSON lines in a .txt"),
        pytest.param("a.csv", "\n , \nfile,caption\n1.jpg,a\n", ("a",), id="blank rows first"),
        pytest.param("a.csv", "file,caption\r1.jpg,a\r\r", ("a",), id="carriage returns only"),
        pytest.param("a.csv", "file,caption\n1.jpg,a\n,,,\n\n , \n", ("a",), id="blank rows last"),
    ],
)
def test_usual_dialects_are_recognised(
    tmp_path: Path, name: str, content: str, captions: tuple[str, ...]
) -> None:
    record = only(tmp_path, name, content)
    assert record.captions == captions
    assert record.url in (ADDRESS, (tmp_path / "1.jpg").resolve().as_uri())


def test_unknown_names_are_told_apart_by_what_makes_all_rows_even(tmp_path: Path) -> None:
    rows = "wo;was,wie\n1.jpg;a, b, c\n2.jpg;d\n"
    first, second = read(tmp_path, "a.csv", rows, column_map={"file": "wo"})
    assert isinstance(first, PictureRecord)
    assert first.metadata == {"was,wie": "a, b, c"}
    rows = "a,b;c\n1.jpg,x;y\n2.jpg,z\n"
    first, second = read(tmp_path, "a.csv", rows, column_map={"file": "A"})
    assert isinstance(second, PictureRecord)
    assert second.metadata == {"b;c": "z"}
    with pytest.raises(SourceError, match='it has "a", "b"; name the one'):
        read(tmp_path, "a.csv", "a|b\nx,y|z\nu|v,w\n")


def test_a_delimiter_that_is_told_counts_for_more(tmp_path: Path) -> None:
    content = "file,caption;note\n1.jpg,a;b\n"
    record = only(tmp_path, "a.csv", content, delimiter=";", column_map={"file": "file,caption"})
    assert (record.file, record.metadata) == ((tmp_path / "1.jpg,a").resolve(), {"note": "b"})
    assert only(tmp_path, "part-0", "file;caption\n1.jpg;a\n", delimiter=";").captions == ("a",)


@pytest.mark.parametrize("wrong", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path: Path, wrong: str) -> None:
    result = CliRunner().invoke(main, ["ingest", str(tmp_path), "--delimiter", wrong])
    assert "give one character, or the word tab" in result.output


def test_a_delimiter_is_for_csv(tmp_path: Path) -> None:
    for name in ("", "a.tar", "a.parquet", "a-*.tar"):
        with pytest.raises(SourceError, match="is no CSV; leave --delimiter out"):
            open_source(tmp_path / name, delimiter=";")


@pytest.mark.parametrize(
    ("encoding", "ends"), [("utf-16", "\r\n"), ("utf-16", "\r"), ("utf-32", "\n"), ("utf-8-sig", "\r")]
)
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str, ends: str) -> None:
    text = ends.join(["file\tcaption", "1.jpg\tĊaruso ਅ 日本", "2.jpg\tb", ""])
    first, second = read(tmp_path, "a.txt", text.encode(encoding))
    assert isinstance(first, PictureRecord)
    assert isinstance(second, PictureRecord)
    assert (first.captions, second.captions) == (("Ċaruso ਅ 日本",), ("b",))
    assert (first.position, second.position) == ("a.txt line 2", "a.txt line 3")


def test_lines_that_come_in_pieces_end_where_they_end() -> None:
    data = "url\r\nhttps://example.org/Ċ.jpg\r\nhttps://example.org/2.jpg\r\n".encode("utf-16")
    pieces = [data[place : place + 1] for place in range(len(data))]
    found = [record.url for record in open_source(Path("-"), stdin=pieces)]  # type: ignore[union-attr]
    assert found == ["https://example.org/Ċ.jpg", "https://example.org/2.jpg"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([f" {ADDRESS}", "https://example.org/w_1,h_2/2.jpg"], id="a space before"),
        pytest.param(["https://example.org/w_1,h_2/1.jpg", ADDRESS], id="commas in an address"),
        pytest.param(["", "https://example.org/a;b|c/1.jpg", ADDRESS], id="all in an address"),
    ],
)
def test_a_list_of_addresses_is_taken_as_it_stands(tmp_path: Path, lines: list[str]) -> None:
    records = read(tmp_path, "a.txt", "\n".join(lines))
    assert [record.url for record in records if isinstance(record, PictureRecord)] == [
        line.strip() for line in lines if line
    ]


def test_a_list_of_file_names_needs_no_header(tmp_path: Path) -> None:
    records = read(tmp_path, "a.txt", "photos/one, two.JPG\nphotos/b.png\n")
    assert [record.file for record in records if isinstance(record, PictureRecord)] == [
        (tmp_path / "photos/one, two.JPG").resolve(),
        (tmp_path / "photos/b.png").resolve(),
    ]


@pytest.mark.parametrize("length", [180_000, 5_000_000])
def test_a_long_field_is_kept(tmp_path: Path, length: int) -> None:
    record = only(tmp_path, "a.csv", f'file,outline\n1.jpg,"{"1,2 " * (length // 4)}"\n')
    assert record.metadata == {"outline": "1,2 " * (length // 4)}


def test_a_field_without_end_is_left_out_and_the_lines_after_it_are_not(tmp_path: Path) -> None:
    rows = ['1.jpg,"open', "2.jpg,b", '3.jpg,"c"', '4.jpg,"open too', "5.jpg,e", "6.jpg," + "x" * 17_000_000]
    records = read(tmp_path, "a.csv", "\n".join(["file,caption", "0.jpg,z", *rows, "7.jpg,g"]))
    assert [record.position for record in records if isinstance(record, PictureRecord)] == [
        "a.csv line 2",
        "a.csv line 4",
        "a.csv line 5",
        "a.csv line 7",
        "a.csv line 9",
    ]
    problems = [record.problem for record in records if isinstance(record, UnusableRow)]
    assert [problem[:12] for problem in problems] == ["a.csv line 3", "a.csv line 6", "a.csv line 8"]
    assert all("look for a quote that is never closed" in problem for problem in problems)


def test_quotes_without_an_end_lead_to_an_error_and_not_to_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(["file,caption", "0.jpg,a", '1.jpg,"open', *["2.jpg,b"] * 1_000, '3.jpg,"open'])
    assert len(read(tmp_path, "a.csv", rows)) == 4
    monkeypatch.setattr(tables, "_PATIENCE", 8_000)
    with pytest.raises(SourceError, match=r"a\.csv line 3 is no valid CSV.*a quote that is never closed"):
        read(tmp_path, "a.csv", rows)


@pytest.mark.parametrize(
    ("name", "lines", "reasons"),
    [
        pytest.param(
            "a.csv",
            [b"file,caption", b"1.jpg,a", b"2.jpg,b,c", b"3.jpg", b"4.jpg,\xff", b"5.jpg,e"],
            ["has 3 fields, but the header has 2", "has 1 fields", "bytes that are not UTF-8"],
            id="csv",
        ),
        pytest.param(
            "a.jsonl",
            [b'{"file": "1.jpg"}', b'{"file": "2', b"[3]", b'{"file": "\xff"}', b'{"file": "5.jpg"}'],
            ["is no valid JSON", "is no JSON object", "is not UTF-8"],
            id="json lines",
        ),
    ],
)
def test_a_line_that_cannot_be_read_is_left_out_alone(
    tmp_path: Path, name: str, lines: list[bytes], reasons: list[str]
) -> None:
    records = read(tmp_path, name, b"\n".join(lines))
    assert [record.url[-5:] for record in records if isinstance(record, PictureRecord)] == ["1.jpg", "5.jpg"]
    problems = [record.problem for record in records if isinstance(record, UnusableRow)]
    assert len(problems) == 3
    assert all(reason in problem for reason, problem in zip(reasons, problems, strict=True))
    assert open_source(tmp_path / name).count() == len(records)


def test_names_of_columns_must_be_utf_8(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.csv: the names of the columns are not UTF-8"):
        read(tmp_path, "a.csv", b"file,\xe9\n1.jpg,a\n")
