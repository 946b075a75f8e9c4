"""Pictures of any source are found the same directly, by a worker, and when they are only checked."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.db.models import add_model
from clipsql.encoding import Encoder, load_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.ingest.readings import IngestReport, Outcome
from clipsql.ingest.worker import Worker
from clipsql.sources import open_source

Bring: TypeAlias = Callable[..., IngestReport]


@pytest.fixture(scope="session")
def encoder(model_folder: Path) -> Encoder:
    return load_encoder(str(model_folder), dtype="float32")


@pytest.fixture(params=["directly", "by a worker", "only checked"])
def bring(request: pytest.FixtureRequest, engine: Engine, encoder: Encoder) -> Bring:
    """Bring a source into collection "c" in one of three ways; the report is of who looked at the pictures."""
    model = add_model(
        engine,
        name="tiny",
        location=encoder.name,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
    )

    def run(source: Path, **options: Any) -> IngestReport:
        opened = open_source(source, **options)
        if request.param == "by a worker":
            Indexer(engine, None, model).ingest(opened, IngestOptions(collection="c", enqueue_only=True))
            return Worker(engine, encoder, model).run(until_empty=True)
        is_checked = request.param == "only checked"
        indexer = Indexer(engine, None if is_checked else encoder, model)
        return indexer.ingest(opened, IngestOptions(collection="c", validate_only=is_checked))

    return run


def picture(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), (9 * number, 99, 200)).save(path)
    return path


def stored(engine: Engine, what: str = "url") -> list[Any]:
    """What is stored of the pictures that were seen, in order of their URLs."""
    query = f"select {what} from clipsql.image where sha256 is not null and error is null order by url"
    with engine.connect() as connection:
        return [row[0] if len(row) == 1 else tuple(row) for row in connection.execute(sa.text(query))]


def seen(report: IngestReport) -> int:
    return report.outcomes[Outcome.ADDED] + report.outcomes[Outcome.CHECKED]


def test_names_of_any_bytes_are_found(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    names = [
        b"caf\xe9.png",
        "Müller 1.png".encode(),
        b"100% #1?.png",
        b"back\\slash.png",
        "ü".encode("utf-16"),
    ]
    files = [tmp_path / os.fsdecode(name.replace(b"\0", b"") + b".png") for name in names]
    for number, file in enumerate(files):
        try:
            picture(file, number)
        except OSError:
            pytest.skip("this file system wants UTF-8 names")
    assert seen(bring(tmp_path)) == 5
    assert stored(engine) == sorted(file.resolve().as_uri() for file in files)


def test_a_list_may_name_files_of_any_bytes(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    try:
        file = picture(tmp_path / os.fsdecode(b"caf\xe9.png"))
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    (tmp_path / "a.csv").write_bytes(b"file,x\ncaf\xe9.png,1\nno\xe9.png,2\n")
    report = bring(tmp_path / "a.csv")
    assert (seen(report), stored(engine)) == (1, [file.resolve().as_uri()])


@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("listed", ["NFC", "NFD"])
def test_accents_may_be_composed_otherwise_than_in_the_list(
    engine: Engine, bring: Bring, tmp_path: Path, there: Any, listed: Any
) -> None:
    file = picture(tmp_path / unicodedata.normalize(there, "Orléans/café.png"))
    name = unicodedata.normalize(listed, "Orléans/café.png")
    (tmp_path / "a.csv").write_text(f"file\n{name}\n", encoding="utf-8")
    assert seen(bring(tmp_path / "a.csv")) == 1
    assert stored(engine) == [file.resolve().as_uri()]


def test_a_list_may_have_backslashes(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    files = [picture(tmp_path / "pics" / name, number) for number, name in enumerate(("é.png", "sub/q.png"))]
    (tmp_path / "a.csv").write_text("file\npics\\é.png\npics\\sub\\q.png\n", encoding="utf-8")
    assert seen(bring(tmp_path / "a.csv")) == 2
    assert stored(engine) == sorted(file.resolve().as_uri() for file in files)
