"""Pictures of an object store through ingest, queue, worker and pages, and strangers' addresses that lead nowhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy.engine import Engine

import clipsql as package
from clipsql import stores
from clipsql.db.model_questions import Original
from clipsql.errors import ConfigurationError
from clipsql.images.hashing import content_hash
from clipsql.images.storing import store_original
from clipsql.ingest.readings import ReadOptions
from clipsql.ingest.worker import Worker
from clipsql.models import register_model
from clipsql.viewing.originals import read_originals
from clipsql.web.downloading import Downloader


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """Three pictures in a store of this process's memory, and two that are none of the folder's."""
    monkeypatch.setattr(stores, "_named", set())
    monkeypatch.delenv(stores.VARIABLE, raising=False)
    files = fsspec.filesystem("memory")
    files.store.clear()
    for name in ("photos/red", "photos/green", "photos/blue", "secret/white"):
        held = io.BytesIO()
        Image.new("RGB", (40, 30), name.rpartition("/")[2]).save(held, "PNG")
        files.pipe(f"/bucket/{name}.png", held.getvalue())
    files.pipe("/bucket/photos/red.txt", b"A red one.")
    yield files
    files.store.clear()


def states(engine: Engine) -> dict[str, tuple[str, str | None]]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select url, status, failure from clipsql.image").all()
    return {url.rpartition("/")[2]: (status, failure) for url, status, failure in found}


@pytest.mark.slow
def test_a_folder_of_a_store_becomes_a_collection(
    bucket: fsspec.AbstractFileSystem, clipsql: Callable[..., Result], engine: Engine, model_folder: Path
) -> None:
    ingest = ("ingest", "memory://bucket/photos", "--collection", "c", "--thumbnails", "--json")
    first = clipsql(*ingest, "--model", model_folder)
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["added"] == 3
    assert json.loads(clipsql(*ingest).stdout)["unchanged"] == 3
    with engine.connect() as connection:
        row = connection.exec_driver_sql(
            "select url, file, caption from clipsql.picture where url like '%%red.png'"
        ).one()
    assert tuple(row) == ("memory://bucket/photos/red.png", "memory://bucket/photos/red.png", "A red one.")
    with package.connect(engine.url.render_as_string(hide_password=False)) as pictures:
        found = pictures.search_text("a red one", max_results=3)
        assert Path("memory://bucket/photos/red.png") in [match.file for match in found]
    bucket.rm("/bucket/photos/green.png")
    pruned = clipsql(*ingest, "--prune", "--yes")
    assert pruned.exit_code == 0, pruned.output
    assert set(states(engine)) == {"red.png", "blue.png"}


@pytest.mark.slow
@pytest.mark.usefixtures("bucket")
def test_a_worker_reads_what_an_ingest_left_to_it_where_the_store_is_named(
    clipsql: Callable[..., Result],
    engine: Engine,
    model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, encoder = register_model(engine, str(model_folder), dtype="float32")
    queued = clipsql("ingest", "memory://bucket/photos", "--collection", "c", "--enqueue-only")
    assert queued.exit_code == 0, queued.output
    monkeypatch.setattr(stores, "_named", set())  # another process
    Worker(engine, encoder, model).run(until_empty=True)
    assert set(states(engine).values()) == {("failed", "no_file")}
    monkeypatch.setenv(stores.VARIABLE, "memory://bucket/photos")
    clipsql("ingest", "memory://bucket/photos", "--collection", "c", "--enqueue-only", "--retry-failed")
    Worker(engine, encoder, model).run(until_empty=True)
    assert set(states(engine).values()) == {("embedded", None)}
    # Another model takes them from where they lie, for they are what they were.
    other, encoder = register_model(engine, str(model_folder), name="other", dtype="float32")
    assert clipsql("model", "shadow", "other").exit_code == 0
    Worker(engine, encoder, other).run(until_empty=True)
    with engine.connect() as connection:
        vectors = "select count(*) from clipsql.image_embedding where model_id = %s"
        assert connection.exec_driver_sql(vectors, (other.model_id,)).scalar_one() == 3


@pytest.mark.usefixtures("bucket")
def test_a_strangers_address_opens_no_store(
    engine: Engine, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, encoder = register_model(engine, str(model_folder), dtype="float32")
    monkeypatch.setenv(stores.VARIABLE, "memory://bucket")
    addresses = [
        "memory://bucket/secret/white.png",
        "simplecache::memory://bucket/secret/white.png",
        "local:///etc/hostname",
    ]
    with package.connect(engine.url.render_as_string(hide_password=False)) as pictures:
        for address in addresses:
            pictures.put("c", address)
        pictures.put_many("c", [{"url": "named", "file": addresses[0]}])
    Worker(engine, encoder, model).run(until_empty=True)
    assert {status for status, _ in states(engine).values()} == {"failed"}


def test_originals_are_opened_again_while_they_are_what_they_were(
    bucket: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, model_folder: Path
) -> None:
    monkeypatch.setenv(stores.VARIABLE, "memory://bucket/photos")
    columns = package.embed_batch(
        ["memory://bucket/photos/red.png", "memory://bucket/secret/white.png"], str(model_folder)
    )
    assert list(columns["failure"]) == [None, "no_file"]
    original = Original(1, columns["url"][0], Path(columns["file"][0]), columns["sha256"][0])
    with Downloader() as web:
        assert read_originals([original], web)[1].size == (40, 30)  # type: ignore[union-attr]
        bucket.pipe("/bucket/photos/red.png", bucket.cat("/bucket/photos/blue.png"))
        assert "does not lie on this machine" in str(read_originals([original], web)[1])


def test_originals_are_kept_in_a_store(bucket: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    data = bucket.cat("/bucket/photos/red.png")
    digest = content_hash(data)
    with pytest.raises(ConfigurationError, match="CLIPSQL_STORES"):
        store_original(Path("memory://kept"), data, digest=digest, format_name="PNG")
    ReadOptions(store_images=Path("memory://kept"))  # what an option names is named
    for _ in range(2):
        file = store_original(Path("memory://kept"), data, digest=digest, format_name="PNG")
        assert stores.read(file, most_bytes=10_000) == data
    assert (file.stem, len(bucket.find("/kept"))) == (digest.hex(), 1)
    assert list(tmp_path.iterdir()) == []


def test_no_credential_is_told(
    bucket: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(stores.VARIABLE, "memory://bucket")

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Signature of key AKIA123SECRET is wrong")

    monkeypatch.setattr(type(bucket), "info", refuse)
    with caplog.at_level(logging.DEBUG), pytest.raises(OSError, match="the store says RuntimeError") as told:
        stores.read(Path("memory://bucket/photos/red.png"), most_bytes=10_000)
    assert "AKIA" not in str(told.value) + caplog.text
