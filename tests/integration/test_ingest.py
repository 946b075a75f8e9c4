"""Ingest: what goes in from every kind of source, and what a second run does and leaves alone."""

from __future__ import annotations

import csv
import datetime as dt
import gc
import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import sqlalchemy as sa
from local_models import make_clip
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from sqlalchemy.engine import Engine

from clipsql.db.models import add_model
from clipsql.encoding import Encoder, load_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions, IngestReport, Outcome
from clipsql.models import register_model
from clipsql.picture import PictureRecord
from clipsql.sources import Source, open_source

Ingest = Callable[..., IngestReport]


def picture(path: Path, number: int = 0, *, size: tuple[int, int] = (64, 48), **options: Any) -> Path:
    """A picture unlike that of every other number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(values).resize(size, Image.Resampling.BICUBIC).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        picture(tmp_path / "pictures" / f"{number}.png", number)
    return tmp_path / "pictures"


@pytest.fixture(scope="session")
def encoder(model_folder: Path) -> Encoder:
    return load_encoder(str(model_folder), dtype="float32")


@pytest.fixture
def ingest(engine: Engine, encoder: Encoder) -> Ingest:
    """Ingest a source into collection "c" under the tiny model: `ingest(folder, retry_failed=True)`."""
    model = add_model(
        engine,
        name="tiny",
        location=encoder.name,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
    )

    def run(source: Path | Source, *, collection: str = "c", **options: Any) -> IngestReport:
        opened = source if isinstance(source, Source) else open_source(source)
        return Indexer(engine, encoder, model).ingest(opened, IngestOptions(collection=collection, **options))

    return run


def rows(engine: Engine, query: str, **parameters: object) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text(query), parameters))


def one(engine: Engine, query: str, **parameters: object) -> Any:
    (row,) = rows(engine, query, **parameters)
    return row if len(row) > 1 else row[0]


def versions(engine: Engine, *tables: str) -> dict[str, list[Any]]:
    """Which version of every row is the live one: any write changes it."""
    return {
        table: rows(engine, f"select ctid, xmin from clipsql{table} order by ctid")
        for table in (name if name.startswith("_private.") else f".{name}" for name in tables)
    }


TABLES = ("image", "caption", "image_embedding", "caption_embedding")


# What goes in


def test_a_folder_is_read_to_its_depths_with_what_each_picture_is(
    engine: Engine, ingest: Ingest, tmp_path: Path
) -> None:
    picture(tmp_path / "p" / "a.jpg", 1, size=(120, 90))
    picture(tmp_path / "p" / "deep" / "er" / "b.webp", 2, size=(40, 50))
    picture(tmp_path / "p" / "c.gif", 3)
    (tmp_path / "p" / "notes.txt").write_text("no picture")
    assert ingest(tmp_path / "p").outcomes == {Outcome.ADDED: 3}
    found = rows(
        engine, "select url, file, sha256, width, height, format, status from clipsql.image order by image_id"
    )
    files = [tmp_path / "p" / name for name in ("a.jpg", "c.gif", "deep/er/b.webp")]
    shapes = [(120, 90, "JPEG"), (64, 48, "GIF"), (40, 50, "WEBP")]
    for row, file, shape in zip(found, files, shapes, strict=True):
        assert (row.url, row.file) == (file.resolve().as_uri(), str(file.resolve()))
        assert row.sha256 == hashlib.sha256(file.read_bytes()).digest()
        assert (row.width, row.height, row.format, row.status) == (*shape, "embedded")


def test_captions_beside_the_pictures_are_stored_and_embedded(
    engine: Engine, ingest: Ingest, folder: Path, encoder: Encoder
) -> None:
    (folder / "captions.tsv").write_text(
        "file\tcaption\n1.png\ta red car\n1.png\ta blue dog\n2.png\t一只狗\n"
    )
    report = ingest(folder)
    assert report.captions == 3
    found = rows(
        engine,
        "select i.url, c.body, c.language, e.embedding::text as vector from clipsql.caption c"
        " join clipsql.image i using (image_id) join clipsql.caption_embedding e using (caption_id)"
        " order by caption_id",
    )
    assert [(Path(row.url).name, row.body, row.language) for row in found] == [
        ("1.png", "a red car", "en"),
        ("1.png", "a blue dog", "en"),
        ("2.png", "一只狗", "zh"),
    ]
    expected = encoder.encode_texts([row.body for row in found])
    for row, vector in zip(found, expected, strict=True):
        assert float(np.array(json.loads(row.vector)) @ vector) > 0.999


MANIFEST_COLUMNS = {
    "file": ["pictures/0.png", "pictures/1.png"],
    "link": ["https://pictures.example/0", "https://pictures.example/1"],
    "title": ["a red car", "a tree"],
    "when": ["2024-05-01T18:30:00+02:00", "2024-05-01T18:31:00"],
    "lon": [13.4, -0.1],
    "lat": [52.5, 51.5],
    "camera": ["07", "12"],
    "speed": [31.5, 40.0],
    "lanes": [2, 3],
    "wet": [True, False],
}
MAP = {"url": "link", "caption": "title", "taken_at": "when"}


def _write_csv(path: Path, delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(MANIFEST_COLUMNS)
        for row in zip(*MANIFEST_COLUMNS.values(), strict=True):
            writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row])


def _write_json_lines(path: Path) -> None:
    lines = (
        dict(zip(MANIFEST_COLUMNS, row, strict=True)) for row in zip(*MANIFEST_COLUMNS.values(), strict=True)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


MANIFESTS: Mapping[str, Callable[[Path], None]] = {
    "m.csv": lambda path: _write_csv(path, ","),
    "m.tsv": lambda path: _write_csv(path, "\t"),
    "m.jsonl": _write_json_lines,
    "m.parquet": lambda path: pa.parquet.write_table(pa.table(MANIFEST_COLUMNS), path),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_kind_of_manifest_ends_in_the_same_rows(
    engine: Engine, ingest: Ingest, folder: Path, name: str
) -> None:
    manifest = folder.parent / name
    MANIFESTS[name](manifest)
    source = open_source(
        manifest, column_map=MAP, text_columns=["camera"], timezone=ZoneInfo("Europe/Berlin")
    )
    assert ingest(source).outcomes == {Outcome.ADDED: 2}
    found = rows(
        engine,
        "select url, file, taken_at, longitude, latitude, metadata, body from clipsql.image"
        " join clipsql.caption using (image_id) order by url",
    )
    berlin = dt.timezone(dt.timedelta(hours=2))
    assert [tuple(row) for row in found] == [
        (
            f"https://pictures.example/{number}",
            str((folder / f"{number}.png").resolve()),
            dt.datetime(2024, 5, 1, 18, 30 + number, tzinfo=berlin),
            MANIFEST_COLUMNS["lon"][number],
            MANIFEST_COLUMNS["lat"][number],
            {
                "camera": MANIFEST_COLUMNS["camera"][number],
                "speed": MANIFEST_COLUMNS["speed"][number],
                "lanes": MANIFEST_COLUMNS["lanes"][number],
                "wet": MANIFEST_COLUMNS["wet"][number],
            },
            MANIFEST_COLUMNS["title"][number],
        )
        for number in range(2)
    ]
    kinds = one(
        engine,
        "select jsonb_object_agg(key, jsonb_typeof(value)) from clipsql.image, jsonb_each(metadata)",
    )
    assert kinds == {"camera": "string", "speed": "number", "lanes": "number", "wet": "boolean"}
    assert ingest(source).outcomes == {Outcome.UNCHANGED: 2}


def _exif(*, orientation: int = 1) -> Image.Exif:
    block = Image.Exif()
    block[Base.Orientation] = orientation
    block.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2020:05:04 18:39:11"
    block.get_ifd(IFD.GPSInfo).update(
        {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (47.0, 30.0, 0.0), GPS.GPSLongitudeRef: "W"}
    )
    block.get_ifd(IFD.GPSInfo)[GPS.GPSLongitude] = (106.0, 15.0, 0.0)
    return block


def test_exif_gives_time_and_place_only_where_the_manifest_is_silent(
    engine: Engine, ingest: Ingest, tmp_path: Path
) -> None:
    for name in ("silent", "told", "half"):
        picture(tmp_path / f"{name}.jpg", exif=_exif())
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        "file,taken_at,longitude,latitude\nsilent.jpg,,,\ntold.jpg,2001-01-01T00:00:00Z,1.5,2.5\nhalf.jpg,,3,4\n"
    )
    ingest(manifest)
    found = rows(engine, "select taken_at, longitude, latitude from clipsql.image order by image_id")
    in_exif = dt.datetime(2020, 5, 4, 18, 39, 11, tzinfo=dt.UTC)
    assert [tuple(row) for row in found] == [
        (in_exif, -106.25, 47.5),
        (dt.datetime(2001, 1, 1, tzinfo=dt.UTC), 1.5, 2.5),
        (in_exif, 3.0, 4.0),
    ]


def test_a_turned_photo_embeds_like_the_upright_one(engine: Engine, ingest: Ingest, tmp_path: Path) -> None:
    upright = Image.open(picture(tmp_path / "source.png", 7, size=(96, 64)))
    (tmp_path / "p").mkdir()
    upright.save(tmp_path / "p" / "0 upright.jpg", quality=95)
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "p" / "1 turned.jpg", quality=95, exif=_exif(orientation=6))
    turned.save(tmp_path / "p" / "2 lying.jpg", quality=95)
    ingest(tmp_path / "p")
    sizes = rows(engine, "select width, height from clipsql.image order by image_id")
    assert [tuple(size) for size in sizes] == [(96, 64), (96, 64), (64, 96)]
    to_turned, to_lying = rows(
        engine,
        "select 1 - (a.embedding <=> b.embedding) from clipsql.image_embedding a, clipsql.image_embedding b"
        " where a.image_id = 1 and b.image_id > 1 order by b.image_id",
    )
    assert to_turned[0] > 0.999
    assert to_lying[0] < to_turned[0] - 0.001


def test_stored_embeddings_are_those_of_the_encoder(
    engine: Engine, ingest: Ingest, folder: Path, encoder: Encoder
) -> None:
    ingest(folder)
    stored = rows(engine, "select embedding::text from clipsql.image_embedding order by image_id")
    expected = encoder.encode_images([Image.open(folder / f"{number}.png") for number in range(6)])
    found = np.array([json.loads(text) for (text,) in stored])
    assert np.abs(found - expected).max() < 1e-3


def test_adjacent_rows_about_one_picture_are_its_captions(
    engine: Engine, ingest: Ingest, folder: Path
) -> None:
    manifest = folder / "m.csv"
    manifest.write_text("file,caption\n0.png,a car\n0.png,a red car\n1.png,a dog\n")
    assert ingest(manifest).outcomes == {Outcome.ADDED: 2}
    assert one(engine, "select array_agg(body order by caption_id) from clipsql.caption") == [
        "a car",
        "a red car",
        "a dog",
    ]


def test_a_file_name_that_is_not_utf8_is_no_hindrance(engine: Engine, ingest: Ingest, folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    try:
        picture(folder / name, 9)
        (folder / os.fsdecode(b"broken\xe9.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    report = ingest(folder)
    assert report.outcomes == {Outcome.ADDED: 7, Outcome.FAILED: 1}
    (problem,) = report.problems
    assert (problem.position, problem.url) == (
        "broken\ufffd.png",
        (folder.resolve() / os.fsdecode(b"broken\xe9.png")).as_uri(),
    )
    assert problem.reason.startswith("the file is empty")
    assert one(engine, "select url, file from clipsql.image where file is null and error is null") == (
        (folder / name).resolve().as_uri(),
        None,
    )
    assert ingest(folder).outcomes == {Outcome.UNCHANGED: 7, Outcome.FAILED_BEFORE: 1}


def test_a_clock_that_was_never_set_does_not_stop_a_second_run(
    engine: Engine, ingest: Ingest, folder: Path
) -> None:
    manifest = folder / "m.csv"
    manifest.write_text(
        "file,taken_at\n0.png,0001-01-01T00:00:00+14:00\n1.png,9999-12-31T23:59:59-14:00\n2.png,2020-05-04\n"
    )
    assert ingest(manifest).outcomes == {Outcome.UNUSABLE: 2, Outcome.ADDED: 1}
    assert one(engine, "select count(*) from clipsql.image") == 1
    assert ingest(manifest).outcomes == {Outcome.UNUSABLE: 2, Outcome.UNCHANGED: 1}


def test_what_is_no_regular_file_fails_and_does_not_hang(ingest: Ingest, folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    with (folder / "huge.png").open("wb") as huge:
        huge.truncate(3 * 2**30)  # a hole: it takes no space
    manifest = folder / "m.csv"
    manifest.write_text("file\npipe.png\nhuge.png\n/dev/zero\n.\n0.png\ngone.png\n")
    report = ingest(manifest)
    assert report.outcomes == {Outcome.FAILED: 5, Outcome.ADDED: 1}
    assert [problem.reason for problem in report.problems] == [
        "the file cannot be read: it is no regular file",
        "the file cannot be read: it has 3.0 GB, at most 2 are read",
        "the file cannot be read: it is no regular file",
        "the file cannot be read: it is no regular file",
        "the file does not exist",
    ]


# The second run


@pytest.fixture
def captioned(folder: Path) -> Path:
    """A manifest of the six pictures, each with a caption, a place and a camera."""
    manifest = folder / "m.csv"
    lines = [f"{number}.png,a red car {number},{number},{number},K{number}" for number in range(6)]
    manifest.write_text("\n".join(("file,caption,longitude,latitude,camera", *lines)))
    return manifest


def test_a_second_run_writes_nothing(engine: Engine, ingest: Ingest, captioned: Path) -> None:
    (captioned.parent / "3.png").write_bytes(b"")
    ingest(captioned)
    before = versions(engine, *TABLES)
    again = ingest(captioned)
    assert again.outcomes == {Outcome.UNCHANGED: 5, Outcome.FAILED_BEFORE: 1}
    assert again.captions == 0
    assert versions(engine, *TABLES) == before


def test_a_changed_file_is_embedded_anew_and_other_models_lose_their_embedding(
    engine: Engine, ingest: Ingest, folder: Path, tmp_path: Path
) -> None:
    ingest(folder)
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    Indexer(engine, encoder, other).ingest(open_source(folder), IngestOptions(collection="c"))
    query = "select image_id, embedding::text from clipsql.image_embedding where model_id = 1 order by 1"
    before = rows(engine, query)
    picture(folder / "2.png", 99)
    assert ingest(folder).outcomes == {Outcome.UNCHANGED: 5, Outcome.UPDATED: 1}
    after = rows(engine, query)
    assert [old == new for old, new in zip(before, after, strict=True)] == [
        True,
        True,
        False,
        True,
        True,
        True,
    ]
    of_other = rows(engine, "select image_id from clipsql.image_embedding where model_id = 2 order by 1")
    assert [image_id for (image_id,) in of_other] == [1, 2, 4, 5, 6]
    assert one(engine, "select sha256 from clipsql.image where image_id = 3") == (
        hashlib.sha256((folder / "2.png").read_bytes()).digest()
    )


def test_changed_metadata_and_captions_leave_picture_embeddings_alone(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    ingest(captioned)
    before = versions(engine, "image_embedding")
    captioned.write_text(captioned.read_text().replace("a red car 1", "a blue dog").replace("K2", "K7"))
    report = ingest(captioned)
    assert report.outcomes == {Outcome.UNCHANGED: 4, Outcome.UPDATED: 2}
    assert report.captions == 1
    assert versions(engine, "image_embedding") == before
    assert one(engine, "select metadata from clipsql.image where image_id = 3") == {"camera": "K7"}
    captions = "select count(*) from clipsql.caption join clipsql.caption_embedding using (caption_id)"
    assert one(engine, captions) == 6
    assert one(engine, "select body from clipsql.caption where image_id = 2") == "a blue dog"


def test_a_new_model_adds_embeddings_and_touches_nothing_else(
    engine: Engine, ingest: Ingest, captioned: Path, tmp_path: Path
) -> None:
    ingest(captioned)
    before = versions(
        engine, "image", "caption", "_private.image_embedding_1", "_private.caption_embedding_1"
    )
    other, encoder = register_model(engine, str(make_clip(tmp_path / "other", seed=1, dimensions=16)))
    report = Indexer(engine, encoder, other).ingest(open_source(captioned), IngestOptions(collection="c"))
    assert report.outcomes == {Outcome.UPDATED: 6}
    assert (
        versions(engine, "image", "caption", "_private.image_embedding_1", "_private.caption_embedding_1")
        == before
    )
    assert one(
        engine, "select count(*), min(vector_dims(embedding)) from clipsql_private.image_embedding_2"
    ) == (
        6,
        16,
    )
    assert one(engine, "select count(*) from clipsql_private.caption_embedding_2") == 6


def test_a_failed_picture_waits_for_retry_failed_or_another_content(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    broken = captioned.parent / "3.png"
    good = broken.read_bytes()
    broken.write_bytes(good[:40])
    state = "select status, error from clipsql.image where image_id = 4"
    assert ingest(captioned).outcomes == {Outcome.ADDED: 5, Outcome.FAILED: 1}
    status, error = one(engine, state)
    assert status == "failed"
    assert "damaged or cut short" in error
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 5, Outcome.FAILED_BEFORE: 1}
    assert ingest(captioned, retry_failed=True).outcomes == {Outcome.UNCHANGED: 5, Outcome.FAILED: 1}
    embedded = "select count(*) from clipsql.caption_embedding join clipsql.caption using (caption_id)"
    assert one(engine, f"{embedded} where image_id = 4") == 0
    broken.write_bytes(good)
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 5, Outcome.UPDATED: 1}
    assert one(engine, state) == ("embedded", None)
    assert one(engine, f"{embedded} where image_id = 4") == 1
    assert one(engine, "select count(*) from clipsql.image_embedding") == 6


def test_the_caption_of_a_failed_picture_waits_even_when_another_picture_has_the_same(
    engine: Engine, ingest: Ingest, folder: Path
) -> None:
    (folder / "1.png").write_bytes(b"")
    manifest = folder / "m.csv"
    manifest.write_text("file,caption\n0.png,a car\n1.png,a car\n")
    ingest(manifest)
    assert rows(
        engine, "select image_id from clipsql.caption_embedding join clipsql.caption using (caption_id)"
    ) == [(1,)]


def test_a_file_that_is_gone_today_keeps_yesterdays_embedding(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    ingest(captioned)
    before = versions(engine, *TABLES)
    (captioned.parent / "1.png").rename(captioned.parent / "away")
    report = ingest(captioned)
    assert report.outcomes == {Outcome.UNCHANGED: 5, Outcome.FAILED: 1}
    assert [problem.reason for problem in report.problems] == ["the file does not exist"]
    assert versions(engine, *TABLES) == before


def test_a_missing_file_fails_once_and_is_taken_when_it_comes(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    missing = captioned.parent / "1.png"
    missing.rename(captioned.parent / "away")
    assert ingest(captioned).outcomes == {Outcome.ADDED: 5, Outcome.FAILED: 1}
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 5, Outcome.FAILED_BEFORE: 1}
    (captioned.parent / "away").rename(missing)
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 5, Outcome.UPDATED: 1}
    assert one(engine, "select count(*) from clipsql.image where status = 'embedded' and error is null") == 6


def test_a_source_without_captions_leaves_those_that_are_there(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    ingest(captioned)
    before = versions(engine, "caption", "caption_embedding")
    lines = captioned.read_text().splitlines()
    captioned.write_text(
        "\n".join([lines[0], *(line.replace(f"a red car {n}", "") for n, line in enumerate(lines[1:]))])
    )
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 6}
    assert versions(engine, "caption", "caption_embedding") == before


def test_the_same_picture_may_be_in_two_collections(engine: Engine, ingest: Ingest, folder: Path) -> None:
    ingest(folder, collection="one")
    assert ingest(folder, collection="two").outcomes == {Outcome.ADDED: 6}
    assert one(engine, "select count(*) from clipsql.image_embedding") == 12


def test_deleted_rows_take_everything_with_them_and_come_back(
    engine: Engine, ingest: Ingest, captioned: Path
) -> None:
    ingest(captioned)
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image where image_id <= 2")
    assert [one(engine, f"select count(*) from clipsql.{table}") for table in TABLES] == [4, 4, 4, 4]
    assert ingest(captioned).outcomes == {Outcome.UNCHANGED: 4, Outcome.ADDED: 2}


def test_the_index_is_built_once_and_kept_up(engine: Engine, ingest: Ingest, folder: Path) -> None:
    index = "select oid, xmin from pg_class where relname = 'image_embedding_1_hnsw'"
    assert rows(engine, index) == []
    ingest(folder)
    built = rows(engine, index)
    assert len(built) == 1
    picture(folder / "6.png", 6)
    ingest(folder)
    assert [row.oid for row in rows(engine, index)] == [built[0].oid]
    with engine.connect() as connection:
        connection.exec_driver_sql("set enable_seqscan = off")
        nearest = connection.exec_driver_sql(
            "select image_id from clipsql_private.image_embedding_1 order by embedding::halfvec(24) <=>"
            " (select embedding::halfvec(24) from clipsql_private.image_embedding_1 where image_id = 7) limit 1"
        )
        assert nearest.scalar_one() == 7


# Real files


def test_every_bad_file_ends_as_its_manifest_says(engine: Engine, ingest: Ingest, shared_data: Path) -> None:
    table = pa.csv.read_csv(shared_data / "bad" / "manifest.csv").to_pylist()
    expected = {row["file"]: row["expected"] for row in table}
    report = ingest(open_source(shared_data / "bad" / "manifest.csv"))
    assert sum(report.outcomes.values()) == len(expected)
    found = rows(engine, "select file, status, error from clipsql.image")
    assert {
        Path(row.file).name: {"embedded": "accept", "failed": "reject"}[row.status] for row in found
    } == expected
    for row in found:
        assert row.error is None or (len(row.error.splitlines()) == 1 and 10 < len(row.error) < 300)


def test_every_photo_gets_the_place_and_time_of_its_exif(
    engine: Engine, ingest: Ingest, shared_data: Path
) -> None:
    exif = shared_data / "exif"
    ingest(open_source(exif), timezone=dt.UTC)
    query = "select file, taken_at, longitude, latitude from clipsql.image where status = 'embedded'"
    found = {str(Path(row.file).relative_to(exif.resolve())): row for row in rows(engine, query)}
    texts = pa.csv.ConvertOptions(
        column_types={"DateTimeOriginal": pa.string(), "OffsetTimeOriginal": pa.string()}
    )
    places = times = 0
    for row in pa.csv.read_csv(exif / "expected.csv", convert_options=texts).to_pylist():
        ours = found.get(row["file"])
        if ours is None:
            continue
        longitude, latitude = row["GPSLongitude"], row["GPSLatitude"]
        if longitude is not None and (longitude, latitude) != (0, 0):
            assert math.isclose(ours.longitude, longitude, abs_tol=1e-6), row
            assert math.isclose(ours.latitude, latitude, abs_tol=1e-6), row
            places += 1
        if (
            row["DateTimeOriginal"]
            and row["DateTimeOriginal"][:4].isdigit()
            and row["DateTimeOriginal"][:4] > "0000"
        ):
            # exiftool's CSV is of EXIF alone; the XMP of this one has the same time with its offset.
            told = "+01:00" if row["file"] == "gps/Nokia Lumia 800.jpg" else row["OffsetTimeOriginal"]
            offset = told or "+00:00"
            time = row["DateTimeOriginal"].strip()[:19] + offset
            assert ours.taken_at.replace(microsecond=0) == dt.datetime.strptime(
                time, "%Y:%m:%d %H:%M:%S%z"
            ), row
            times += 1
    assert places >= 33
    assert times >= 30


# Long sources


@dataclass
class EndlessSource(Source):
    """Many records about few files; it counts how many of them are alive at once."""

    files: Sequence[Path]
    total: int
    alive: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "endless"

    def count(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[PictureRecord]:
        for number in range(self.total):
            if number % 500 == 499:
                self.alive.append(sum(type(thing) is PictureRecord for thing in gc.get_objects()))
            file = self.files[number % len(self.files)]
            yield PictureRecord(f"https://pictures.example/{number}", file, metadata={"number": number})


def test_a_long_source_does_not_pile_up_in_memory(engine: Engine, ingest: Ingest, folder: Path) -> None:
    files = [picture(folder / f"tiny {number}.png", number, size=(8, 6)) for number in range(4)]
    source = EndlessSource(files, total=3000)
    assert ingest(source).outcomes == {Outcome.ADDED: 3000}
    assert one(engine, "select count(*) from clipsql.image_embedding") == 3000
    assert max(source.alive) < 1000, source.alive
    assert max(source.alive[3:]) <= max(source.alive[:3]) * 1.1, source.alive


def test_the_pictures_of_a_folder_may_be_moved_and_read_again(
    engine: Engine, ingest: Ingest, folder: Path, tmp_path: Path
) -> None:
    manifest = "file,url\n" + "".join(f"{n}.png,https://pictures.example/{n}\n" for n in range(6))
    (folder / "m.csv").write_text(manifest)
    ingest(folder / "m.csv")
    before = versions(engine, "image_embedding")
    shutil.move(folder, tmp_path / "moved")
    assert ingest(tmp_path / "moved" / "m.csv").outcomes == {Outcome.UPDATED: 6}
    assert versions(engine, "image_embedding") == before
    assert one(engine, "select count(*) from clipsql.image where file like '%/moved/%'") == 6
