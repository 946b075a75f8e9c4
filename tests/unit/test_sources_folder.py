"""Folders of pictures, with or without captions beside them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from clipsql.errors import SourceError
from clipsql.sources import open_source


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def captions(folder: Path) -> dict[str, tuple[str, ...]]:
    return {record.position: record.captions for record in open_source(folder)}


def test_every_picture_is_a_record(tmp_path: Path) -> None:
    put(tmp_path, "b 1.jpg", "a/2.png", "notes.txt")
    source = open_source(tmp_path)
    assert [(record.url, record.file, record.position) for record in source] == [
        ((tmp_path / "b 1.jpg").resolve().as_uri(), (tmp_path / "b 1.jpg").resolve(), "b 1.jpg"),
        ((tmp_path / "a/2.png").resolve().as_uri(), (tmp_path / "a/2.png").resolve(), "a/2.png"),
    ]
    assert (source.name, source.count(), source.warnings()) == (tmp_path.name, 2, ())
    assert list(source) == list(source)


def test_names_that_are_not_utf_8_have_a_url_too(tmp_path: Path) -> None:
    raw = bytes(tmp_path) + b"/\xe9t\xe9.jpg"
    Path(raw.decode("utf-8", "surrogateescape")).write_bytes(b"")
    (record,) = open_source(tmp_path)
    assert record.url.endswith("/%E9t%E9.jpg")


def test_a_sidecar_lies_well_beside_names_that_are_not_utf_8(tmp_path: Path) -> None:
    Path((bytes(tmp_path) + b"/\xe9.jpg").decode("utf-8", "surrogateescape")).write_bytes(b"")
    put(tmp_path, "é.jpg")
    (tmp_path / "captions.csv").write_text("file,caption\né.jpg,one\n", encoding="utf-8")
    assert sorted(captions(tmp_path).values()) == [(), ("one",)]


def test_a_sidecar_gives_captions_in_its_order_each_once(tmp_path: Path) -> None:
    put(tmp_path, "images/1.jpg", "images/2.jpg", "3.jpg")
    lines = [
        "file\tcaption",
        'images/1.jpg\ta "dog"',
        "./images/2.jpg\tcat",
        "images/1.jpg\tbone",
        'images/1.jpg\ta "dog"',
    ]
    (tmp_path / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert captions(tmp_path) == {"3.jpg": (), "images/1.jpg": ('a "dog"', "bone"), "images/2.jpg": ("cat",)}


def test_a_csv_sidecar_is_read_with_quoting_and_several_caption_columns(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "captions.csv").write_text(
        'image,caption_1,caption_2\n1.jpg,"a dog, brown",\n1.jpg,cat,bird\n'
    )
    assert captions(tmp_path) == {"1.jpg": ("a dog, brown", "cat", "bird")}


def test_a_bare_name_is_matched_where_only_one_picture_has_it(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "a/2.jpg", "b/2.jpg")
    (tmp_path / "captions.csv").write_text("file,caption\n1.jpg,one\n2.jpg,which?\nc/1.jpg,elsewhere\n")
    assert captions(tmp_path) == {"a/1.jpg": ("one",), "a/2.jpg": (), "b/2.jpg": ()}
    assert open_source(tmp_path).warnings() == (
        "captions.csv: 2 rows name no picture in the folder; left out.",
    )


def test_a_sidecar_s_columns_can_be_mapped(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "captions.csv").write_text("photo,words\n1.jpg,one\n")
    (record,) = open_source(tmp_path, column_map={"file": "photo", "caption": "words"})
    assert record.captions == ("one",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "captions.csv is empty", id="empty"),
        pytest.param("photo,caption\n1.jpg,one\n", "captions.csv has no file", id="no file column"),
        pytest.param("file,words\n1.jpg,one\n", "captions.csv has no caption column", id="no caption column"),
        pytest.param("file,caption\n1.jpg\n", "captions.csv line 2 has 1 fields", id="ragged"),
        pytest.param("file,caption\n1.jpg,a\0b\n", "captions.csv line 2: .*NUL", id="nul"),
    ],
)
def test_a_bad_sidecar_is_an_error_that_names_it(tmp_path: Path, content: str, message: str) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "captions.csv").write_text(content)
    with pytest.raises(SourceError, match=message):
        open_source(tmp_path)


def test_a_folder_without_pictures_is_an_error_that_names_it(tmp_path: Path) -> None:
    put(tmp_path, "notes.txt")
    with pytest.raises(SourceError, match=rf'"{tmp_path}" holds no picture.*\.jpg.*\.heic'):
        open_source(tmp_path)


@pytest.mark.slow
def test_memory_stays_flat_however_long_a_manifest_or_sidecar_is(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    lines = [f"{number}.jpg,{number} {'x' * 2_000}" for number in range(20_000)]
    for name in ("captions.csv", "manifest.csv"):
        (tmp_path / name).write_text("\n".join(["file,caption", *lines]))  # 40 MB
    del lines
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_source(tmp_path)) == 1
        assert sum(1 for _ in open_source(tmp_path / "manifest.csv")) == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The 1,000 rows that decide the columns' types are held, and what other tests left to be collected counts too.
    assert peak < 15_000_000


def test_flickr_photos_have_their_captions(shared_data: Path) -> None:
    source = open_source(shared_data / "flickr8k-val")
    records = list(source)
    assert source.count() == len(records) == 2_000
    # Three photos were described in the very same words by two people.
    assert sorted(len(record.captions) for record in records) == [4] * 3 + [5] * 1_997
    assert source.warnings() == ()
