"""Whatever single pictures and their hosts do, all others go in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_models import make_clip
from misbehaviours import ENDINGS
from PIL import Image
from sqlalchemy.engine import Engine
from web_server import WebServer

from clipsql.encoding import Encoder
from clipsql.errors import FailureClass
from clipsql.images.hashing import content_hash
from clipsql.ingest import reading
from clipsql.ingest.indexer import Indexer
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.models import register_model
from clipsql.sources import open_source
from clipsql.web.downloading import DownloadOptions

DOWNLOADS = DownloadOptions(
    allow_private_hosts=True, timeout_s=60, stall_timeout_s=60, retries=0, max_bytes=50_000
)
GOOD = 40


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def indexer(engine: Engine, tmp_path: Path) -> Indexer:
    model, encoder = register_model(engine, str(make_clip(tmp_path / "model")))
    assert isinstance(encoder, Encoder)
    return Indexer(engine, encoder, model, downloads=DOWNLOADS)


def test_one_ingest_meets_every_misbehaviour_and_stores_every_good_picture(
    web: WebServer, indexer: Indexer, engine: Engine, tmp_path: Path
) -> None:
    bad = {
        web.url(path, host="127.0.0.1"): failure for path, failure in (ending.values for ending in ENDINGS)
    }
    good = [web.url(f"/ok.jpg?{number}", host="127.0.0.1") for number in range(GOOD)]
    mixed = [url for pair in zip([*bad, *good], [*reversed(good), *bad], strict=True) for url in pair]
    urls = tmp_path / "urls.jsonl"
    urls.write_text("".join(f'{{"url": "{url}"}}\n' for url in dict.fromkeys(mixed)), "utf-8")
    report = indexer.ingest(open_source(urls), IngestOptions(collection="c"))
    with engine.connect() as connection:
        stored = dict(
            connection.exec_driver_sql("select url, coalesce(failure, status) from clipsql.image").all()
        )
    assert {url: stored[url] for url in good} == dict.fromkeys(good, "embedded")
    assert {url: stored[url] for url in bad} == {url: str(failure) for url, failure in bad.items()}
    assert report.outcomes == {Outcome.ADDED: len(good), Outcome.FAILED: len(bad)}


def test_a_picture_that_its_decoder_did_not_foresee_fails_alone(
    indexer: Indexer, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", (40, 40), (50 * number, 0, 0)).save(folder / f"{number}.png")
    odd = content_hash((folder / "2.png").read_bytes())
    decode = reading.decode

    def trips(data: bytes, **how: object) -> object:
        if content_hash(data) == odd:
            raise IndexError("tuple index\nout of range")
        return decode(data, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "decode", trips)
    report = indexer.ingest(open_source(folder), IngestOptions(collection="c"))
    assert report.outcomes == {Outcome.ADDED: 4, Outcome.FAILED: 1}
    (problem,) = report.problems
    assert re.match(r"IndexError: tuple index out of range; report it", problem.reason)
    assert (problem.url or "").endswith("/2.png")
    with engine.connect() as connection:
        failure = connection.exec_driver_sql("select failure from clipsql.image where status = 'failed'")
        assert failure.scalar_one() == FailureClass.UNEXPECTED
