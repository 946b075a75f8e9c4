"""pg_dump and pg_restore: a reader finds in the restored database what it found in the first, and changes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from clients.documented import examples
from integration.programs import run_program
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.errors import EmbeddedServerError
from clipsql.server import EmbeddedServer


@pytest.mark.parametrize(
    ("options", "must_upgrade"),
    [
        pytest.param("", False, id="with the rights"),
        pytest.param("--no-owner --no-privileges", True, id="whose rights come with an upgrade"),
    ],
)
def test_a_reader_searches_what_was_restored(
    options: str,
    must_upgrade: bool,
    owner_url: URL,
    reader_url: URL,
    new_database: Callable[..., URL],
    tmp_path: Path,
    right_answer: list[tuple[int, float]],
) -> None:
    try:
        programs = EmbeddedServer.client_program("pg_dump").parent
    except EmbeddedServerError as error:
        pytest.skip(str(error))
    (example,) = examples("pg_dump and pg_restore")
    subprocess.run(
        ["sh", "-euc", example.replace("pg_dump", f"'{programs}'/pg_dump {options}")],
        cwd=tmp_path,
        env={**os.environ, "CLIPSQL_DATABASE_URL": address(owner_url)},
        check=True,
    )
    restored = new_database()
    run_program("pg_restore", restored, "--exit-on-error", tmp_path / "pictures.dump")
    search = "select image_id, similarity from clipsql.search_text('a red truck', 5) order by rank"
    with psycopg.connect(address(reader_url.set(database=restored.database)), autocommit=True) as connection:
        if must_upgrade:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(search)
            engine = create_engine(address(restored))
            migrating.upgrade(engine)
            engine.dispose()
        assert connection.execute(search).fetchall() == right_answer
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from clipsql.image")


def address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
