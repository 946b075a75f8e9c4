"""What lies beside the pictures of a folder tells of them, and what is neither is counted."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from clipsql.images.decoding import decode
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources import open_source


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def told(folder: Path, **options: object) -> dict[str, PictureRecord]:
    records = open_source(folder, **options)  # type: ignore[arg-type]
    return {record.position: record for record in records if isinstance(record, PictureRecord)}


def test_metadata_tells_all_that_a_row_may_tell(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg", "test/1.jpg")
    rows = [
        {"file_name": "1.jpg", "text": "a dog", "label": 3, "lon": 1.5, "lat": 2.5, "date": "2020-01-02"},
        {"file_name": "2.jpg", "text": ["a cat", "a pet"], "objects": {"bbox": [[1, 2, 3, 4]]}},
    ]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "test/metadata.csv").write_text("file_name;text;score\n1.jpg;a bird;0.5\n")
    found = told(tmp_path, timezone=ZoneInfo("Asia/Tokyo"))
    one = found["1.jpg"]
    assert (one.captions, one.metadata, one.longitude, one.latitude) == (("a dog",), {"label": 3}, 1.5, 2.5)
    assert one.taken_at is not None
    assert one.taken_at.astimezone(UTC) == datetime(2020, 1, 1, 15, tzinfo=UTC)
    assert found["2.jpg"].captions == ("a cat", "a pet")
    assert found["2.jpg"].metadata == {"objects": {"bbox": [[1, 2, 3, 4]]}}
    assert (found["test/1.jpg"].captions, found["test/1.jpg"].metadata) == (("a bird",), {"score": 0.5})


def test_metadata_may_be_parquet_and_join_what_captions_tell(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "captions.csv").write_text("file,caption,x\n1.jpg,first,9\n")
    pq.write_table(
        pa.table({"file_name": ["1.jpg"], "text": ["second"], "y": [2]}), tmp_path / "metadata.parquet"
    )
    (record,) = told(tmp_path).values()
    assert (record.captions, record.metadata) == (("first", "second"), {"y": 2})


def test_options_that_some_list_cannot_follow_are_for_the_others(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,words,n\n1.jpg,a,1\n")
    (tmp_path / "1.json").write_text('{"alt": "b", "n": 2, "text": "c"}')
    mapping = {"caption": "words"}
    assert told(tmp_path, column_map=mapping)["1.jpg"].captions == ("a", "c")
    by_alt = told(tmp_path, column_map={"caption": "alt"})["1.jpg"]
    assert (by_alt.captions, by_alt.metadata) == (("b",), {"words": "a", "n": 1, "text": "c"})
    assert told(tmp_path, text_columns=["N", "m"])["1.jpg"].metadata == {
        "n": "1",
        "words": "a",
        "alt": "b",
    }


def test_a_text_beside_a_picture_is_a_caption_a_line(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.png", "3.jpg")
    (tmp_path / "1.txt").write_text("a dog\n\n  brown \na dog\n", encoding="utf-8-sig")
    (tmp_path / "2.png.txt").write_text("ein Hündchen", encoding="utf-16")
    found = told(tmp_path)
    assert [record.captions for record in found.values()] == [("a dog", "brown"), ("ein Hündchen",), ()]


def test_json_beside_a_picture_tells_as_a_row_does(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "1.json").write_text('{"caption": "a dog", "url": "https://a.example/1", "n": 1}')
    (tmp_path / "2.jpg.json").write_text('{"text": ["one", "two"], "taken_at": "2020-01-02T00:00:00Z"}')
    one, two = told(tmp_path).values()
    assert (one.captions, one.metadata) == (("a dog",), {"url": "https://a.example/1", "n": 1})
    assert one.url == (tmp_path / "1.jpg").resolve().as_uri()
    assert (two.captions, two.taken_at) == (("one", "two"), datetime(2020, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("1.txt", b"caf\xe9", "1.txt: the caption holds bytes that are not UTF-8"),
        ("1.json", b'{"caption": "a', "1.json is no valid JSON"),
        ("1.json", b"[1]", "1.json holds no JSON object"),
        ("1.json", b'{"lon": 1}', "1.json: one of longitude and latitude is missing"),
        ("1.jpg.txt", b"a" * 1_100_000, "1.jpg.txt is larger than 1 MB"),
    ],
)
def test_what_tells_nothing_is_named_and_the_picture_stays(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    put(tmp_path, "in/1.jpg")
    (tmp_path / "in" / name).write_bytes(content)
    problem, record = open_source(tmp_path)
    assert isinstance(problem, UnusableRow)
    assert (problem.position, problem.problem[: len(reason)]) == (f"in/{name}", reason)
    assert isinstance(record, PictureRecord)
    assert (record.position, record.captions) == ("in/1.jpg", ())


def test_rows_that_cannot_be_used_are_passed_on_from_lists_in_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "1.jpg", "text": "a"}\n{"file_name": "2.jp\n')
    (tmp_path / "captions.csv").write_text("file,caption\n1.jpg,b\n2.jpg,c,d\n")
    problems = [row.position for row in open_source(tmp_path) if isinstance(row, UnusableRow)]
    assert problems == ["captions.csv line 3", "metadata.jsonl line 2"]
    assert told(tmp_path)["1.jpg"].captions == ("b", "a")


def test_metadata_that_names_no_pictures_is_a_warning(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "in/2.jpg")
    (tmp_path / "metadata.csv").write_text("camera,lens\nx,y\n")
    (tmp_path / "in/metadata.jsonl").write_text('{"file_name": "9.jpg", "text": "a"}\n')
    source = open_source(tmp_path)
    first, second = source.warnings()
    assert first.startswith("metadata.csv has no file or url column")
    assert second == "in/metadata.jsonl: 1 row names no picture in the folder; left out."
    assert [record.position for record in source] == ["1.jpg", "in/2.jpg"]


@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("listed", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["café.jpg", "Orléans/Müller.jpg"])
def test_lists_in_a_folder_may_compose_names_otherwise(
    tmp_path: Path, there: str, listed: str, name: str
) -> None:
    put(tmp_path, unicodedata.normalize(there, name))  # type: ignore[arg-type]
    spelled = unicodedata.normalize(listed, name)  # type: ignore[arg-type]
    rows = f"file,caption\n{spelled},a\n{spelled.rpartition('/')[2]},b\n"
    (tmp_path / "captions.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "metadata.jsonl").write_text(json.dumps({"file_name": spelled, "n": 1}))
    (record,) = told(tmp_path).values()
    assert (record.captions, record.metadata) == (("a", "b"), {"n": 1})


def test_metadata_names_pictures_by_their_paths_only(tmp_path: Path) -> None:
    put(tmp_path, "in/1.jpg")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "1.jpg", "text": "a"}\n')
    assert told(tmp_path)["in/1.jpg"].captions == ()
    assert len(open_source(tmp_path).warnings()) == 1


def test_links_to_one_picture_are_told_of_alike(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    (tmp_path / "2.jpg").symlink_to(tmp_path / "1.jpg")
    (tmp_path / "captions.csv").write_text("file,caption\n2.jpg,a\n")
    assert [record.captions for record in told(tmp_path).values()] == [("a",), ("a",)]


def test_what_a_walk_passes_over_is_counted_by_its_ending(tmp_path: Path) -> None:
    put(
        tmp_path, "a.JPG", "b.MPO", "c.dng", "d.jxl", "e.jpg_large", "noext", "in/f.DOC", "in/g.doc", "x.json"
    )
    put(tmp_path, "in/captions.csv", ".hidden.mp4")
    (tmp_path / "a.txt").write_text("a dog")
    (tmp_path / "captions.csv").write_text("file,caption\na.JPG,b\n")
    (tmp_path / "in/metadata.jsonl").write_text('{"file_name": "../a.JPG"}')
    source = open_source(tmp_path)
    assert len(list(source)) == source.count() == 3
    expected = {".dng": 1, ".jxl": 1, "": 1, ".json": 1, ".doc": 2, ".csv": 1}
    assert source.passed_over() == expected


def test_pictures_of_many_endings_are_taken(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "stereo.MPO", append_images=[second], save_all=True)
    (record,) = told(tmp_path).values()
    assert record.file is not None
    assert decode(record.file.read_bytes()).pixels.size == (40, 30)
