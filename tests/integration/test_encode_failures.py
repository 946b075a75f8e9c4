"""What a model fails at fails alone; what is the model's own fault ends the run and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from picture_server import picture_bytes
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.encoding import Encoder, load_encoder
from clipsql.images.decoding import decode
from clipsql.ingest.indexer import Indexer
from clipsql.ingest.readings import IngestOptions, Outcome
from clipsql.ingest.reports import IngestReport
from clipsql.ingest.worker import Worker
from clipsql.models import register_model
from clipsql.sources import open_source

COUNT, ODD = 20, 13
Pixels = NDArray[np.float32]
Run = Callable[[], IngestReport]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    lines = [f"{number}.png\ta photo of {number}" for number in range(COUNT)]
    (folder / "captions.tsv").write_text("\n".join(["file\tcaption", *lines]), "utf-8")
    return folder


@pytest.fixture
def opened(engine: Engine, model_folder: Path) -> tuple[ModelRow, Encoder]:
    model, _ = register_model(engine, str(model_folder))
    return model, load_encoder(str(model_folder), dtype="float32")


@pytest.fixture(params=["ingest", "worker"])
def run(
    request: pytest.FixtureRequest, engine: Engine, opened: tuple[ModelRow, Encoder], photos: Path
) -> Run:
    model, encoder = opened
    options: dict[str, Any] = {"collection": "c"}
    if request.param == "ingest":
        return lambda: Indexer(engine, encoder, model).ingest(open_source(photos), IngestOptions(**options))
    Indexer(engine, None, model).ingest(open_source(photos), IngestOptions(enqueue_only=True, **options))
    return lambda: Worker(engine, encoder, model).run(until_empty=True)


@pytest.fixture
def odd(opened: tuple[ModelRow, Encoder]) -> Pixels:
    """The pixels of one of the pictures, as the model gets them."""
    return opened[1].preprocess([decode(picture_bytes(ODD)).pixels])[0]


def stored(engine: Engine) -> dict[str, tuple[str, str | None, str | None]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select substring(url from '[0-9]+[.]png$'), status, failure, error from clipsql.image"
        )
        return {name: (status, failure, error) for name, status, failure, error in rows}


def embedded(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(f"select count(*) from clipsql.{table}").scalar_one())


def assert_only_one_failed(engine: Engine, reason: str) -> None:
    found = stored(engine)
    status, failure, error = found.pop(f"{ODD}.png")
    assert (status, failure) == ("failed", "unexpected")
    assert error is not None
    assert error.endswith(reason)
    assert set(found.values()) == {("embedded", None, None)}
    assert len(found) == COUNT - 1
    assert embedded(engine, "image_embedding") == embedded(engine, "caption_embedding") == COUNT - 1
    assert embedded(engine, "caption") == COUNT


def test_a_picture_that_the_model_stumbles_over_fails_alone(
    engine: Engine, opened: tuple[ModelRow, Encoder], run: Run, odd: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = opened[1].encode_pixels

    def stumbles(pixels: Pixels) -> Pixels:
        if any(np.array_equal(each, odd) for each in pixels):
            raise RuntimeError("shape '[1, 3]'\nis invalid")
        return encode(pixels)

    monkeypatch.setattr(opened[1], "encode_pixels", stumbles)
    assert run().outcomes == {Outcome.ADDED: COUNT - 1, Outcome.FAILED: 1}
    assert_only_one_failed(engine, "RuntimeError: shape '[1, 3]' is invalid; report it, with this picture")


def test_a_picture_whose_embedding_is_no_vector_fails_alone_and_says_what_may_help(
    engine: Engine, opened: tuple[ModelRow, Encoder], run: Run, odd: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = opened[1]._image_features

    def overflows(pixels: Pixels) -> Pixels:
        values = features(pixels)
        values[[np.array_equal(each, odd) for each in pixels]] = np.nan
        return values

    monkeypatch.setattr(opened[1], "_image_features", overflows)
    assert run().outcomes == {Outcome.ADDED: COUNT - 1, Outcome.FAILED: 1}
    assert_only_one_failed(engine, "of the batch is not finite; try --dtype float32.")


def test_a_caption_that_the_model_stumbles_over_fails_its_picture_alone(
    engine: Engine, opened: tuple[ModelRow, Encoder], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = opened[1].encode_texts

    def stumbles(texts: Sequence[str]) -> Pixels:
        if f"a photo of {ODD}" in texts:
            raise OverflowError("too many pieces")
        return encode(texts)

    monkeypatch.setattr(opened[1], "encode_texts", stumbles)
    assert run().outcomes == {Outcome.ADDED: COUNT - 1, Outcome.FAILED: 1}
    assert_only_one_failed(engine, "OverflowError: too many pieces; report it, with this picture")


def test_a_device_that_holds_few_pictures_gets_few_at_a_time(
    engine: Engine, opened: tuple[ModelRow, Encoder], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = opened[1].encode_pixels

    def fits_three(pixels: Pixels) -> Pixels:
        if len(pixels) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return encode(pixels)

    monkeypatch.setattr(opened[1], "encode_pixels", fits_three)
    assert run().outcomes == {Outcome.ADDED: COUNT}
    assert embedded(engine, "image_embedding") == COUNT


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: unspecified launch failure"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("what", ["encode_pixels", "encode_texts"])
def test_a_fault_of_the_whole_ends_the_run_and_the_next_one_goes_on(
    engine: Engine,
    opened: tuple[ModelRow, Encoder],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    what: str,
) -> None:
    def breaks(_items: object) -> Pixels:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(opened[1], what, breaks)
        with pytest.raises(type(error)):
            run()
    assert {status for status, _, _ in stored(engine).values()} <= {"pending"}
    assert run().outcomes == {Outcome.ADDED: COUNT}
    assert embedded(engine, "image_embedding") == COUNT
