"""Pictures of any source are found the same directly, by a worker, and when they are only checked."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql.db.models import add_model
from clipsql.encoding import Encoder, load_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.ingest.readings import Outcome
from clipsql.ingest.reports import IngestReport
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


def stored(engine: Engine, what: str = "url", table: str = "image") -> list[Any]:
    """What is stored of the pictures that were seen, in order of their URLs."""
    query = f"select {what} from clipsql.{table} where sha256 is not null and error is null order by url"
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


def png(number: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (32, 24), (9 * number, 99, 200)).save(held, "PNG")
    return held.getvalue()


def test_a_path_to_what_holds_pictures_may_be_relative(
    engine: Engine, bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    (tmp_path / "sub").mkdir()
    table = pa.table({"image": pa.array([{"bytes": png(1), "path": None}], kind)})
    pq.write_table(table, tmp_path / "sub" / "a.parquet")
    with tarfile.open(tmp_path / "sub" / "b.tar", "w") as archive:
        held = tarfile.TarInfo("1.png")
        held.size = len(png(2))
        archive.addfile(held, io.BytesIO(png(2)))
    monkeypatch.chdir(tmp_path)
    for name in ("a.parquet", "b.tar"):
        assert seen(bring(Path("sub", name))) == 1
    place = tmp_path.resolve() / "sub"
    assert sorted(stored(engine, "file")) == [str(place / "a.parquet/image/1"), str(place / "b.tar/1.png")]


def test_pictures_in_parquet_are_found(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    values = [{"bytes": png(number), "path": f"{number}.png"} for number in range(70)]
    values[5] = {"bytes": b"no picture", "path": None}
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(values, kind), "text": [f"number {number}" for number in range(70)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=20)
    report = bring(tmp_path)
    assert seen(report) == 69
    assert report.problems[0].url.endswith("a.parquet/image/6")
    assert report.problems[0].reason.startswith("the file is text")
    place = tmp_path.resolve() / "a.parquet" / "image"
    assert sorted(stored(engine, "url, file")) == sorted(
        ((place / str(row)).as_uri(), str(place / str(row))) for row in range(1, 71) if row != 6
    )
    query = "sha256, (select c.body from clipsql.caption as c where c.image_id = i.image_id)"
    contents = {(hashlib.sha256(png(number)).digest(), f"number {number}") for number in range(70)}
    assert set(stored(engine, query, "image as i")) == contents - {
        (hashlib.sha256(png(5)).digest(), "number 5")
    }


def test_pictures_in_tars_are_found(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as tar:
            for number in range(10):
                for name, content in (
                    (f"./in/{number}.png", png(10 * shard + number)),
                    (f"./in/{number}.txt", b"words"),
                ):
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    assert seen(bring(tmp_path)) == 20
    place = tmp_path.resolve()
    assert stored(engine) == sorted(
        (place / f"{shard}.tar" / "in" / f"{number}.png").as_uri()
        for shard in range(2)
        for number in range(10)
    )
    contents = {hashlib.sha256(png(number)).digest() for number in range(20)}
    assert set(stored(engine, "sha256")) == contents


def test_numbers_are_kept_exactly_and_a_rerun_sees_no_change(
    engine: Engine, bring: Bring, tmp_path: Path
) -> None:
    picture(tmp_path / "0.png")
    exact = "12345678901234567890.123456789"
    pq.write_table(
        pa.table({"file": ["0.png"], "x": [Decimal(exact)], "y": [{"z": [1.5, 0.1]}]}), tmp_path / "a.parquet"
    )
    for name, content in (
        ("a.csv", f"file,x\n0.png,{exact}\n"),
        ("a.jsonl", f'{{"file": "0.png", "x": {exact}}}\n'),
    ):
        (tmp_path / name).write_text(content)
    for name in ("a.parquet", "a.csv", "a.jsonl"):
        bring(tmp_path / name)
        assert stored(engine, "metadata ->> 'x'") == [exact]
        with engine.connect() as connection:
            before = connection.execute(sa.text("select ctid, xmin from clipsql.image")).all()
        bring(tmp_path / name)
        with engine.connect() as connection:
            assert connection.execute(sa.text("select ctid, xmin from clipsql.image")).all() == before
