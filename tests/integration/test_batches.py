"""`clipsql.embed_batch` and `clipsql.write_batch`: the work of an ingest as plain functions."""

from __future__ import annotations

import datetime as dt
import io
import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy.engine import Engine
from web_server import WebServer

import clipsql as package
from clipsql import embed_batch, errors, write_batch
from clipsql.db.models import ModelRow
from clipsql.db.pictures import writing
from clipsql.models import register_model
from clipsql.web.downloading import DownloadOptions

COLOURS = ("red", "green", "blue")
ROWS = """
    select i.url, i.file, i.sha256, i.width, i.height, i.format, i.taken_at, i.longitude, i.latitude, i.metadata,
           i.status, i.failure, i.error, f.pixels, t.jpeg, e.embedding,
           (select array_agg(c.body || ' ' || c.language || ' ' || v.embedding::text order by c.caption_id)
            from clipsql.caption as c left join clipsql.caption_embedding as v using (caption_id)
            where c.image_id = i.image_id)
    from clipsql.image as i
    left join clipsql_private.fingerprint as f using (image_id)
    left join clipsql_private.thumbnail as t using (image_id)
    left join clipsql.image_embedding as e using (image_id)
    where i.collection = %s order by i.url
"""
VERSIONS = """
    select 'image', i.image_id, i.xmin::text from clipsql.image as i
    union all select 'caption', c.caption_id, c.xmin::text from clipsql.caption as c
    union all select 'vector', e.image_id, e.xmin::text from clipsql.image_embedding as e
    order by 1, 2
"""


@pytest.fixture
def model(engine: Engine, model_folder: Path) -> ModelRow:
    return register_model(engine, str(model_folder), dtype="float32")[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one with a time, a place and a caption beside it, one that is damaged and one that is none."""
    pictures = tmp_path / "photos"
    pictures.mkdir()
    for name in COLOURS:
        Image.new("RGB", (40, 30), name).save(pictures / f"{name}.jpg")
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 30.0, 0.0), 3: "E", 4: (2.0, 15.0, 0.0)})
    Image.new("RGB", (64, 32), "red").save(pictures / "red.jpg", exif=tags)
    (pictures / "red.json").write_text(
        '{"caption": ["A red one.", "红色"], "camera": {"name": "K1", "price": 1.10}}', "utf-8"
    )
    (pictures / "cut.jpg").write_bytes((pictures / "red.jpg").read_bytes()[:400])
    (pictures / "text.jpg").write_text("no picture")
    return pictures


def told(folder: Path) -> dict[str, list[Any]]:
    """The columns that tell what the folder's files tell."""
    paths = sorted(folder.glob("*.jpg"))
    is_red = [path.stem == "red" for path in paths]
    return {
        "picture": paths,
        "captions": [["A red one.", "红色"] if yes else None for yes in is_red],
        "metadata": [{"camera": {"name": "K1", "price": 1.1}} if yes else None for yes in is_red],
    }


def rows(engine: Engine, collection: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(ROWS, (collection,)).all()
    return [tuple(value.to_list() if hasattr(value, "to_list") else value for value in row) for row in found]


def versions(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(VERSIONS).all())


def test_the_rows_are_those_of_an_ingest(
    engine: Engine, model: ModelRow, folder: Path, clipsql: Callable[..., Result]
) -> None:
    ingested = clipsql(
        "ingest", folder, "--collection", "there", "--thumbnails", "--dtype", "float32", "--model", model.name
    )
    assert ingested.exit_code == 1, ingested.output
    columns = embed_batch(told(folder), model.location, dtype="float32", thumbnails=True)
    became = write_batch(columns, collection="here", database=engine)
    assert sorted(became["outcome"]) == ["added"] * 3 + ["failed"] * 2
    expected, found = rows(engine, "there"), rows(engine, "here")
    assert [row[:-2] for row in found] == [row[:-2] for row in expected]
    assert [row[-1] is None for row in found] == [row[-1] is None for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one[-2] is None) == (other[-2] is None)
        if one[-2] is not None:
            np.testing.assert_allclose(one[-2], other[-2], atol=2e-3)
    again = clipsql("ingest", folder, "--collection", "here", "--thumbnails", "--dtype", "float32", "--json")
    assert json.loads(again.stdout.splitlines()[-1])["unchanged"] == 3


def test_writing_a_partition_again_changes_nothing(engine: Engine, model: ModelRow, folder: Path) -> None:
    columns = embed_batch(told(folder), model.location, dtype="float32", thumbnails=True)
    first = write_batch(columns, collection="c", database=engine)
    before = versions(engine)
    assert len(before) == 5 + 2 + 3
    second = write_batch(columns, collection="c", database=engine.url)
    assert versions(engine) == before
    assert list(first["outcome"]) == ["added", "failed", "added", "added", "failed"]
    assert list(second["outcome"]) == ["unchanged", "failed", "unchanged", "unchanged", "failed"]
    assert list(second["error"]) == list(columns["error"])


def test_columns_tell_what_a_picture_is(model: ModelRow, folder: Path) -> None:
    red, content = folder / "red.jpg", (folder / "green.jpg").read_bytes()
    drawn = Image.new("RGB", (20, 10), "blue")
    pictures = [str(red), content, drawn, folder / "gone.jpg", b"no picture", None, red.as_uri()]
    columns = embed_batch(pictures, model.location, dtype="float32")
    assert columns["embedding"].shape == (7, model.dimensions)
    assert columns["embedding"].dtype == np.float32
    good = [True, True, True, False, False, False, True]
    np.testing.assert_allclose(np.linalg.norm(columns["embedding"][good], axis=1), 1, atol=1e-6)
    assert np.isnan(columns["embedding"][np.logical_not(good)]).all()
    np.testing.assert_array_equal(columns["embedding"][0], columns["embedding"][6])
    assert [error is None for error in columns["error"]] == good
    assert list(columns["failure"][3:6]) == ["no_file", "not_an_image", "bad_url"]
    assert list(columns["width"]) == [64, 40, 20, 0, 0, 0, 64]
    assert columns["url"][0] == red.as_uri() == columns["url"][6]
    assert columns["url"][1] == f"sha256:{columns['sha256'][1].hex()}"
    assert list(columns["file"][:3]) == [str(red), None, None]
    assert columns["taken_at"][0] == np.datetime64("2024-05-06T07:08:09")
    assert np.isnat(columns["taken_at"][1])
    assert (columns["longitude"][0], columns["latitude"][0]) == (2.25, 48.5)
    assert np.isnan(columns["longitude"][1])
    assert list(columns["format"][:4]) == ["JPEG", "JPEG", "PNG", None]
    assert "captions" not in columns
    assert "thumbnail" not in columns
    assert {len(column) for column in columns.values()} == {7}


def test_what_a_source_tells_counts_more_than_the_file(model: ModelRow, folder: Path) -> None:
    taken = dt.datetime(2020, 1, 2, 3, 4, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    columns = embed_batch(
        {
            "picture": [folder / "red.jpg"] * 3,
            "url": ["one", "two", "three"],
            "taken_at": [taken, np.datetime64("2020-01-02T02:04"), None],
            "longitude": [8.0, 181.0, float("nan")],
            "latitude": [50.0, 0.0, float("nan")],
            "metadata": ['{"a": 0.10}', None, {"b": [1]}],
            "captions": ["x", None, ["y", "y"]],
        },
        model.location,
    )
    assert list(columns["url"]) == ["one", "two", "three"]
    assert columns["taken_at"][0] == np.datetime64("2020-01-02T02:04")
    assert (columns["longitude"][0], columns["longitude"][2]) == (8, 2.25)
    assert "181" in columns["error"][1]
    assert [json.loads(text) for text in columns["metadata"]] == [{"a": 0.1}, {}, {"b": [1]}]
    assert list(map(list, columns["captions"])) == [["x"], [], ["y"]]
    assert [vectors.shape for vectors in columns["caption_embeddings"]] == [
        (1, model.dimensions),
        (0, model.dimensions),
        (1, model.dimensions),
    ]


def test_columns_survive_arrow_and_pandas(engine: Engine, model: ModelRow, folder: Path) -> None:
    work = pickle.loads(pickle.dumps(embed_batch))
    columns = work(told(folder), model.location, dtype="float32", thumbnails=True)
    write_batch(columns, collection="plain", database=engine)
    table = pa.table(
        {
            name: [value if value is None or value.ndim == 1 else value.tolist() for value in column]
            if name == "caption_embeddings"
            else pa.array(list(column))
            for name, column in columns.items()
        }
    )
    write_batch(table.to_pandas(), collection="pandas", database=engine)
    write_batch({name: table[name].to_pylist() for name in columns}, collection="lists", database=engine)
    assert rows(engine, "pandas") == rows(engine, "plain") == rows(engine, "lists")
    frame = pd.DataFrame({"picture": sorted(folder.glob("b*.jpg")), "captions": ["x"]})
    assert embed_batch(frame, model.location)["error"][0] is None
    assert embed_batch(frame["picture"], model.location)["error"][0] is None


def test_what_is_on_the_web_is_downloaded(model: ModelRow, web: WebServer) -> None:
    addresses = [web.url("/ok.jpg", host="127.0.0.1"), web.url("/none.jpg", host="127.0.0.1")]
    columns = embed_batch(
        addresses, model.location, downloads=DownloadOptions(allow_private_hosts=True, retries=0)
    )
    assert list(columns["url"]) == addresses
    assert list(columns["failure"]) == [None, "not_found"]
    refused = embed_batch(addresses[:1], model.location)
    assert list(refused["failure"]) == ["private_address"]


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def test_a_change_is_written_and_a_loss_is_not(engine: Engine, model: ModelRow, folder: Path) -> None:
    red = folder / "red.jpg"
    write_batch(embed_batch([red], model.location), collection="c", database=engine)
    old = rows(engine, "c")
    red.rename(folder / "moved.jpg")
    became = write_batch(embed_batch([red], model.location), collection="c", database=engine)
    assert (became["outcome"][0], rows(engine, "c")) == ("failed", old)
    Image.new("RGB", (50, 50), "white").save(red)
    became = write_batch(embed_batch([red], model.location), collection="c", database=engine)
    [new] = rows(engine, "c")
    assert (became["outcome"][0], new[3:5]) == ("updated", (50, 50))
    assert new[-2] != old[0][-2]
    became = write_batch(embed_batch([red], model.location, thumbnails=True), collection="c", database=engine)
    [new] = rows(engine, "c")
    assert became["outcome"][0] == "updated"
    assert Image.open(io.BytesIO(new[-3])).size == (50, 50)


def test_captions_without_vectors_and_regions_wait_for_a_worker(
    engine: Engine, model: ModelRow, folder: Path
) -> None:
    columns = embed_batch([folder / "red.jpg", folder / "blue.jpg"], model.location)
    write_batch(columns | {"captions": [["new"], []]}, collection="c", database=engine)
    with engine.begin() as connection:
        states = dict(connection.exec_driver_sql("select right(url, 8), status from clipsql.image").all())  # type: ignore[arg-type]
        assert states == {"/red.jpg": "pending", "blue.jpg": "embedded"}
        connection.exec_driver_sql(
            "insert into clipsql.image_region (image_id, box)"
            " select image_id, '{0,0,5,5}' from clipsql.image where url like '%%blue.jpg'"
        )
    Image.new("RGB", (50, 50), "white").save(folder / "blue.jpg")
    write_batch(embed_batch([folder / "blue.jpg"], model.location), collection="c", database=engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from clipsql_private.queue").scalar_one() == 2


def test_of_one_url_the_first_counts(engine: Engine, model: ModelRow, folder: Path) -> None:
    pictures = [folder / "red.jpg", folder / "red.jpg", folder / "blue.jpg"]
    became = write_batch(embed_batch(pictures, model.location), collection="c", database=engine)
    assert list(became["outcome"]) == ["added", "duplicate", "added"]


def test_a_partition_that_two_write_at_once_is_there_once(
    engine: Engine, model: ModelRow, folder: Path
) -> None:
    columns = embed_batch(told(folder), model.location)
    with ThreadPoolExecutor(4) as pool:
        with writing.only_ingest(engine, "c"):
            waiting = pool.submit(write_batch, columns, collection="waits", database=engine)
            assert "added" in waiting.result()["outcome"]
            waiting = pool.submit(write_batch, columns, collection="c", database=engine)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
        assert "added" in waiting.result()["outcome"]
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from clipsql.image")
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda _: write_batch(columns, collection="c", database=engine)["outcome"], range(4))
        )
    assert sum(list(outcomes).count("added") for outcomes in done) == 3
    assert len(versions(engine)) == 5 + 2 + 3


def test_vectors_of_another_model_are_refused(engine: Engine, model: ModelRow, folder: Path) -> None:
    columns = embed_batch([folder / "red.jpg"], model.location)
    other = columns | {"revision": ["0123456789abcdef"]}
    with pytest.raises(errors.InvalidVector, match="0123456789ab, but model"):
        write_batch(other, collection="c", database=engine)
    for embedding, told_of in (
        (columns["embedding"] * 2, "unit length"),
        (columns["embedding"][:, :3], "dimensions"),
        (columns["embedding"] * np.nan, "not finite"),
    ):
        with pytest.raises(errors.InvalidVector, match=told_of):
            write_batch(columns | {"embedding": embedding}, collection="c", database=engine)
    assert rows(engine, "c") == []


def test_columns_that_are_none_are_refused(engine: Engine, model: ModelRow, folder: Path) -> None:
    columns = embed_batch([folder / "red.jpg"], model.location)
    with pytest.raises(TypeError, match="colour"):
        write_batch(columns | {"colour": ["red"]}, collection="c", database=engine)
    with pytest.raises(errors.InvalidArgument, match=r"url 2, .*embedding 1"):
        write_batch(columns | {"url": ["a", "b"]}, collection="c", database=engine)
    with pytest.raises(errors.InvalidArgument, match="no url"):
        write_batch(columns | {"url": [None]}, collection="c", database=engine)
    with pytest.raises(errors.InvalidArgument, match="metadata"):
        write_batch(columns | {"metadata": ["[1]"]}, collection="c", database=engine)
    with pytest.raises(errors.UnknownModel):
        write_batch(columns, collection="c", model="none", database=engine)
    with pytest.raises(TypeError, match="a list"):
        embed_batch("red.jpg", model.location)
    with pytest.raises(errors.InvalidArgument, match="picture"):
        embed_batch({"url": ["a"]}, model.location)
    with pytest.raises(TypeError, match="colour"):
        embed_batch({"picture": ["a"], "colour": ["a"]}, model.location)


def test_a_process_loads_a_model_once(model: ModelRow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed_batch([folder / "red.jpg"], model.location, dtype="float32")
    monkeypatch.setattr("clipsql.ingest.batches.load_encoder", None)
    assert embed_batch([folder / "blue.jpg"], model.location, dtype="float32")["error"][0] is None
    assert embed_batch([], model.location, dtype="float32")["embedding"].shape == (0, model.dimensions)
    assert package.embed_batch is embed_batch
