"""The examples of docs/serving.md, as they stand there: curl, Pinecone's client, and the server's own narrow role."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

import psycopg
import pytest
from clients.documented import examples
from serving import bearer, served
from sqlalchemy.engine import URL, Engine

from clipsql.db import keys
from clipsql.db.engine import create_engine

PAGE = "serving.md"
WRITER, WEB = (f"clipsql_test_{os.getpid()}_documented_{name}" for name in ("writer", "web"))


@pytest.fixture(scope="module")
def engine(owner_url: URL) -> Iterator[Engine]:
    """The filled database, with a role to write and one for the server."""
    engine = create_engine(owner_url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create role {WRITER} in role clipsql_writer")
        connection.exec_driver_sql("update clipsql.image set collection = 'demo'")
        connection.exec_driver_sql("select clipsql.add_model('films', 3)")
    yield engine
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop owned by {WRITER}; drop role {WRITER}")
    engine.dispose()


@pytest.fixture(scope="module")
def key(engine: Engine) -> str:
    return keys.add_key(engine, "of the page", role=WRITER)


@pytest.fixture(scope="module")
def address(owner_url: URL, engine: Engine) -> Iterator[str]:  # noqa: ARG001  the roles are there
    with served(owner_url.render_as_string(hide_password=False)) as client:
        yield str(client.base_url).rstrip("/")


def test_curl_asks_as_the_page_says(address: str, key: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    command, shown = examples("The API", PAGE)
    command = command.replace("http://localhost:8000", address).replace("curl", "curl --silent", 1)
    done = subprocess.run(
        ("bash", "-c", command), env=os.environ | {"KEY": key}, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    told = json.loads(shown)
    assert set(answer) == set(told)
    assert (len(answer["matches"]), type(answer["after"])) == (2, str)
    assert set(told["matches"][0]) - {"..."} <= set(answer["matches"][0])


def test_pinecones_client_prints_what_the_page_says(address: str, key: str) -> None:
    pytest.importorskip("pinecone", reason="needs pip install pinecone")
    program, shown = examples("As a vector database", PAGE)
    known: dict[str, object] = {"key": key}
    with warnings.catch_warnings(), redirect_stdout(StringIO()) as printed:
        warnings.simplefilter("ignore")  # of http without TLS, on this machine
        exec(program.replace("http://localhost:8000", address), known)
    known["index"].close()  # type: ignore[attr-defined]
    known["client"].close()  # type: ignore[attr-defined]
    assert printed.getvalue() == shown


def test_a_server_needs_no_right_but_to_read_the_keys_and_become_the_others(
    engine: Engine, owner_url: URL, key: str
) -> None:
    (recipe,) = examples("Who may ask", PAGE)
    with engine.begin() as connection:
        if connection.dialect.server_version_info < (16,):  # type: ignore[operator]
            pytest.skip("needs PostgreSQL 16")
        for statement in recipe.replace("tenant_a, tenant_b", WRITER).replace("web", WEB).split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"alter role {WEB} password 'serves'")
    other = keys.add_key(engine, "of another")  # of clipsql_reader
    url = owner_url.set(username=WEB, password="serves").render_as_string(hide_password=False)
    try:
        with served(url) as client:
            assert client.get("/v1/models", headers=bearer(key)).status_code == 200
            put = {"collection": "demo", "url": "https://a.example/1.jpg", "embedding": [1.0] * 128}
            assert client.put("/v1/images", json=put, headers=bearer(key)).status_code == 200
            assert client.get("/v1/models", headers=bearer(other)).status_code == 200
            refused = client.put("/v1/images", json=put, headers=bearer(other))
            assert refused.json()["sqlstate"] == "42501"
        with engine.begin() as connection:
            connection.exec_driver_sql(f"revoke {WRITER} from {WEB}")
        with served(url) as client:
            refused = client.get("/v1/models", headers=bearer(key))
            assert (refused.status_code, f"grant {WRITER}" in refused.json()["detail"]) == (403, True)
        with psycopg.connect(url) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("delete from clipsql.image")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"drop owned by {WEB}; drop role {WEB}")
