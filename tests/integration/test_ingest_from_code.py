"""`pictures.ingest` and `clipsql.upgrade`: what the command does, as calls of an application."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import URL, Engine

import clipsql
from clipsql import errors
from clipsql.db.schema import migrating
from clipsql.search.searcher import Searcher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "photos"
    pictures.mkdir()
    for name in ("red", "green", "blue"):
        Image.new("RGB", (40, 30), name).save(pictures / f"{name}.png")
    return pictures


@pytest.fixture
def application() -> Iterator[Callable[..., Engine]]:
    """Make an application's own engine, which is disposed of in the end."""
    made: list[Engine] = []

    def make(url: URL, **options: Any) -> Engine:
        made.append(sa.create_engine(url.set(drivername="postgresql+psycopg"), **options))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def pictures(engine: Engine, model_folder: Path, application: Callable[..., Engine]) -> Searcher:
    return Searcher(application(engine.url), model=str(model_folder), dtype="float32")


def test_a_folder_becomes_a_collection(pictures: Searcher, folder: Path) -> None:
    told: list[tuple[int, int | None]] = []
    report = pictures.ingest(
        str(folder), collection="c", thumbnails=True, progress=lambda done, total: told.append((done, total))
    )
    assert (report.outcomes["added"], report.failed, report.problems) == (3, 0, [])
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert pictures.ingest(folder, collection="d", validate_only=True).outcomes == {"checked": 3}
    found = pictures.search_image(folder / "red.png", include_self=True)
    assert found[0].file == folder / "red.png"
    assert found[0].similarity == pytest.approx(1, abs=1e-3)
    assert len(pictures.thumbnails([match.image_id for match in found])) == 3
    assert found._repr_html_().count("data:image/jpeg") == 3
    for path in folder.iterdir():
        path.unlink()
    assert pictures.search_similar(found[0].image_id)._repr_html_().count("data:image/jpeg") == 2


def test_again_nothing_changes_and_the_model_is_loaded_once(
    pictures: Searcher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures.ingest(folder, collection="c")
    monkeypatch.setattr("clipsql.encoding.load_encoder", None)
    monkeypatch.setattr("clipsql.models.load_encoder", None)
    assert pictures.ingest(folder, collection="c").outcomes == {"unchanged": 3}


@pytest.mark.parametrize("kind", ["rows", "paths", "manifest"])
def test_a_list_is_a_source(pictures: Searcher, folder: Path, kind: str) -> None:
    manifest = folder / "list.csv"
    manifest.write_text("file,title,camera\nred.png,A red one,K1\ngone.png,x,K2\n", "utf-8")
    sources: dict[str, Any] = {
        "rows": [
            {"file": folder / "red.png", "title": "A red one", "camera": "K1"},
            {"file": folder / "gone.png"},
        ],
        "paths": ["red.png", folder / "gone.png"],
        "manifest": manifest,
    }
    seen: list[Any] = []
    columns = {"base_folder": str(folder)} if kind == "paths" else {"column_map": {"caption": "title"}}
    report = pictures.ingest(sources[kind], collection="c", on_problem=seen.append, **columns)
    assert dict(report.outcomes) == {"added": 1, "failed": 1}
    assert report.problems == seen
    assert (seen[0].failure, seen[0].url) == ("no_file", (folder / "gone.png").as_uri())
    (found,) = pictures.search(np.ones(pictures.model.dimensions))
    assert (found.caption, dict(found.metadata)) == (
        (None, {}) if kind == "paths" else ("A red one", {"camera": "K1"})
    )


def test_pictures_wait_for_workers_without_torch(database_url: str, folder: Path) -> None:
    program = f"""
import sys, clipsql, sqlalchemy as sa
pictures = clipsql.Searcher(sa.create_engine({database_url!r}.replace("postgresql://", "postgresql+psycopg://")))
pictures.add_model("space", dimensions=3)
pictures.search([1, 0, 0])
report = pictures.ingest([{str(folder / "red.png")!r}, "https://pictures.example/1.jpg"], enqueue_only=True)
print(report.outcomes["queued"])
print({{"torch", "transformers"}} & set(sys.modules) or "light")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["2", "light"]


def test_what_cannot_be_ingested_is_named(
    pictures: Searcher, folder: Path, engine: Engine, application: Callable[..., Engine]
) -> None:
    with pytest.raises(
        TypeError, match="there is no option colection; there are: allow_file_urls, base_folder"
    ):
        pictures.ingest(folder, colection="c")  # type: ignore[call-arg]
    with pytest.raises(errors.SourceError, match="does not exist"):
        pictures.ingest(folder / "nowhere", collection="c")
    with (
        engine.connect() as connection,
        pytest.raises(errors.ConfigurationError, match="give the Searcher an engine"),
    ):
        Searcher(connection).ingest(folder, collection="c")
    Searcher(engine).add_model("space", dimensions=3)
    with pytest.raises(errors.ModelError, match="vector space without files"):
        Searcher(engine).ingest(folder, collection="c")
    small = application(engine.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with pytest.raises(errors.DatabaseUnreachable, match="give it a larger pool_size"):
        Searcher(small).ingest(folder, collection="c", enqueue_only=True)


@pytest.mark.parametrize(
    "given", ["text", "url", "environment", "engine", "an engine that commits by itself"]
)
def test_upgrade_takes_a_url_or_an_engine(
    new_database: Callable[..., URL],
    given: str,
    monkeypatch: pytest.MonkeyPatch,
    application: Callable[..., Engine],
) -> None:
    url = new_database()
    text = url.render_as_string(hide_password=False)
    own = application(url)
    auto = application(url, isolation_level="AUTOCOMMIT")
    if given == "environment":
        monkeypatch.setenv("CLIPSQL_DATABASE_URL", text)
    databases = {"text": text, "url": url, "environment": None, "engine": own}
    database = databases.get(given, auto)
    for _ in range(2):
        assert clipsql.upgrade(database) == []
        migrating.require_current(own)
    assert Searcher(own).add_model("space", dimensions=3).dimensions == 3


def test_an_upgrade_that_breaks_off_leaves_nothing(
    new_database: Callable[..., URL], monkeypatch: pytest.MonkeyPatch, application: Callable[..., Engine]
) -> None:
    auto = application(new_database(), isolation_level="AUTOCOMMIT")

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(migrating.command, "upgrade", broken)
    with pytest.raises(RuntimeError, match="broken"):
        clipsql.upgrade(auto)
    with auto.connect() as connection:
        schemas = sa.text("select nspname from pg_namespace where nspname ~ 'clipsql'")
        assert connection.scalars(schemas).all() == []
