"""Fixtures of the client tests: a filled database, as its owner and as a reader reach it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from integration.filling import fill
from psycopg import sql
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model


@pytest.fixture(scope="module")
def owner_url(new_database: Callable[..., URL], template: str) -> URL:
    """A database of 120 pictures under the model in the box, which its owner reaches."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=120, model=model)
    assert ensure_index(engine, model, table="image_embedding")
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def reader_url(owner_url: URL) -> Iterator[URL]:
    """The same database for a login role that has nothing but clipsql_reader."""
    role = f"clipsql_test_client_{os.getpid()}"
    name = sql.Identifier(role)
    with psycopg.connect(owner_url.render_as_string(hide_password=False), autocommit=True) as owner:
        owner.execute(sql.SQL("create role {} login password 'reads' in role clipsql_reader").format(name))
        yield owner_url.set(username=role, password="reads")
        owner.execute(sql.SQL("drop owned by {0} cascade; drop role {0}").format(name))


@pytest.fixture
def right_answer(owner_url: URL) -> list[tuple[int, float]]:
    """Image ids and similarities of the five pictures nearest to `a red truck`, as psycopg reads them."""
    with psycopg.connect(owner_url.render_as_string(hide_password=False)) as connection:
        return connection.execute(
            "select image_id, similarity from clipsql.search_text('a red truck', 5) order by rank"
        ).fetchall()
