"""A gallery of pictures under the model in the box, whoever browses it, and what its pages show."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from integration.filling import fill
from serving import served
from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

WRITER = f"clipsql_test_{os.getpid()}_of_the_gallery"


@contextmanager
def demo_database(url: URL, *, rows: int) -> Iterator[tuple[Engine, ModelRow]]:
    """A database of random pictures under the model in the box, and the role WRITER while it is there."""
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=rows, model=model)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create role {WRITER} in role clipsql_writer")
    yield engine, model
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop owned by {WRITER}; drop role {WRITER}")
    engine.dispose()


@pytest.fixture(scope="module")
def database_url(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def gallery(database_url: str) -> Iterator[httpx2.Client]:
    """A browser's requests to a public gallery of readers."""
    with served(database_url, public=True) as client:
        client.headers["accept"] = "text/html"
        yield client


@pytest.fixture(scope="module")
def writers(database_url: str) -> Iterator[httpx2.Client]:
    """The same where everybody may write."""
    with served(database_url, public=True, role=WRITER) as client:
        client.headers["accept"] = "text/html"
        yield client


def images(page: str) -> list[int]:
    """The pictures that a page shows, in order."""
    return [int(number) for number in re.findall(r'class="card" data-image="(\d+)"', page)]


def sql_of(page: str) -> str:
    """The statement that a page shows."""
    found = re.search(r'<pre id="sql"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found is not None, page
    return html.unescape(found[1])


def token(client: httpx2.Client, path: str = "/") -> str:
    """What a form of a page must send."""
    found = re.search(r'name="token" value="(\w+)"', client.get(path).text)
    assert found is not None
    return found[1]
