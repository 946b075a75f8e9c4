"""JSON files that hold many rows: COCO's captions, and lists of objects."""

from __future__ import annotations

import json
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clipsql.errors import SourceError
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import json_files, open_source

ADDRESS = "http://images.example.org/000000000009.jpg"

COCO = {
    "info": {"description": "captions"},
    "licenses": [{"id": 1, "name": "CC"}],
    "images": [
        {"id": 9, "file_name": "000000000009.jpg", "coco_url": ADDRESS, "height": 480, "license": 1},
        {"id": 25, "file_name": "000000000025.jpg", "height": 426},
        {"id": "x/1", "file_name": "sub/1.jpg"},
    ],
    "annotations": [
        {"image_id": 25, "id": 1, "caption": "A giraffe eating. "},
        {"image_id": 9, "id": 2, "caption": "Ein Hündchen"},
        {"image_id": 25, "id": 3, "caption": "Two giraffes"},
        {"image_id": "x/1", "id": 4, "caption": "x"},
        {"image_id": 77, "id": 5, "caption": "of no picture"},
        {"image_id": 9, "id": 6, "bbox": [1, 2, 3, 4]},
    ],
    "categories": [],
}


def read(folder: Path, content: Any, **options: Any) -> list[PictureRecord | UnusableRow]:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "a.json").write_text(text, encoding="utf-8")
    return list(open_source(folder / "a.json", **options))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("first", ["images", "annotations"])
def test_coco_s_captions_are_those_of_its_images(tmp_path: Path, indent: int | None, first: str) -> None:
    order = sorted(COCO, key=lambda name: name != first)
    text = json.dumps({name: COCO[name] for name in order}, indent=indent, ensure_ascii=False)
    records = read(tmp_path, text)
    assert [
        (record.url, record.file, record.captions, dict(record.metadata), record.position)
        for record in records
        if isinstance(record, PictureRecord)
    ] == [
        (ADDRESS, None, ("Ein Hündchen",), {"id": 9, "height": 480, "license": 1}, "a.json image 1"),
        (
            (tmp_path.resolve() / "000000000025.jpg").as_uri(),
            tmp_path.resolve() / "000000000025.jpg",
            ("A giraffe eating.", "Two giraffes"),
            {"id": 25, "height": 426},
            "a.json image 2",
        ),
        (
            (tmp_path.resolve() / "sub/1.jpg").as_uri(),
            tmp_path.resolve() / "sub/1.jpg",
            ("x",),
            {"id": "x/1"},
            "a.json image 3",
        ),
    ]
    assert open_source(tmp_path / "a.json").count() == 3


def test_coco_s_pictures_that_are_here_are_not_downloaded(tmp_path: Path) -> None:
    pictures = tmp_path / "val"
    pictures.mkdir()
    (pictures / "000000000009.jpg").touch()
    first, second, _ = read(tmp_path, COCO, base_folder=pictures)
    assert isinstance(first, PictureRecord)
    assert (first.file, first.metadata["coco_url"]) == (pictures.resolve() / "000000000009.jpg", ADDRESS)
    assert isinstance(second, PictureRecord)
    assert second.file == pictures.resolve() / "000000000025.jpg"


def test_a_list_of_objects_is_a_list_of_rows(tmp_path: Path) -> None:
    rows = [
        {"image": "1.jpg", "caption": ["a", "b"], "x": 1},
        ["no row"],
        {"image": "2.jpg", "score": 0.12345678901234567890123, "time": "2020-01-02T00:00:00Z"},
        {"caption": "of nothing"},
    ]
    text = json.dumps(rows).replace(repr(0.12345678901234567890123), "0.12345678901234567890123")
    first, second, third, fourth = read(tmp_path, text)
    assert isinstance(first, PictureRecord)
    assert (first.file, first.captions, first.metadata) == (
        tmp_path.resolve() / "1.jpg",
        ("a", "b"),
        {"x": 1},
    )
    assert isinstance(second, UnusableRow)
    assert second.problem == "a.json object 2 is no JSON object."
    assert isinstance(third, PictureRecord)
    assert third.metadata == {"score": Decimal("0.12345678901234567890123")}
    assert isinstance(fourth, UnusableRow)
    assert fourth.problem.startswith("a.json object 4 names no file or url")


def test_json_lines_may_be_called_json(tmp_path: Path) -> None:
    assert len(read(tmp_path, '{"file": "1.jpg"}\n{"file": "2.jpg"}\n')) == 2


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1_000])
def test_values_are_whole_however_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", piece)
    rows = [{"file": f"{number}.jpg", "x": [number * 1_111, True, None, "é\\"]} for number in range(5)]
    found = read(tmp_path, json.dumps(rows, indent=1, ensure_ascii=False))
    assert [dict(record.metadata)["x"] for record in found if isinstance(record, PictureRecord)] == [
        row["x"] for row in rows
    ]
    assert len(read(tmp_path, COCO)) == 3


def test_a_file_that_is_cut_short_gives_what_is_before_and_says_so(tmp_path: Path) -> None:
    text = json.dumps([{"file": f"{number}.jpg"} for number in range(5)])
    *rows, last = read(tmp_path, text[:50])
    assert [record.position for record in rows] == ["a.json object 1", "a.json object 2"]
    assert isinstance(last, UnusableRow)
    assert last.problem.startswith("a.json object 3 is no valid JSON (")
    assert last.problem.endswith("what follows is not read.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(COCO)[:200], "a.json is no valid JSON .*get it again"),
        (json.dumps(COCO)[:-1], "a.json is no valid JSON"),
        ('{"images": [1]}', "a.json image 1 is no JSON object"),
        ('{"images": {}}', "a.json has no file or url column"),
        ("", "a.json"),
        ("[]", "a.json has no rows"),
        ("7", "a.json"),
        ("[" * 100_000, "a.json object 1 is no valid JSON"),
    ],
)
def test_what_is_neither_is_one_line_that_says_so(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_memory_stays_flat_however_long_the_file_is(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("w") as file:
        file.write('{"images": [{"id": 0, "file_name": "0.jpg"}\n')
        file.writelines(f', {{"id": {n}, "file_name": "{n}.jpg"}}\n' for n in range(1, 5_000))
        file.write('], "annotations": [{"image_id": 0, "caption": "a"}\n')
        file.writelines(f', {{"image_id": {n}, "caption": "{"x" * 2_000}"}}\n' for n in range(1, 10_000))
        file.write("]}")
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_source(tmp_path / "a.json")) == 5_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000
