"""Real workers killed, and their PostgreSQL with them: no picture is lost and none is done twice."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from crashing import crash_round, spoiled
from forking import Forker
from picture_server import PictureServer, picture_bytes
from waiting import until

from clipsql.db.deliveries import add_webhook
from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.models import register_model
from clipsql.server import EmbeddedServer

PICTURES = 150


@pytest.fixture(scope="module")
def server(make_server: Callable[[], EmbeddedServer], model_folder: Path) -> EmbeddedServer:
    """A server of its own, which may be shut down; it knows the tiny model."""
    server = make_server()
    engine = create_engine(server.start())
    migrating.upgrade(engine)
    register_model(engine, str(model_folder), dtype="float32")
    engine.dispose()
    return server


def test_no_picture_is_lost_or_done_twice_when_workers_and_the_server_are_killed(
    forker: Forker, server: EmbeddedServer, model_folder: Path
) -> None:
    """Nor is an alarm: a watch for everything has one of each picture, and each waits to be told once."""
    with psycopg.connect(server.start(), autocommit=True) as connection:
        engine = create_engine(server.start())
        add_webhook(engine, "https://example.org/")
        engine.dispose()
        connection.execute("select clipsql.watch('all', 'a red truck', min_similarity => -1)")
    with PictureServer(latency_s=0.05) as web, spoiled(web, PICTURES) as good:
        verdict = crash_round(
            forker,
            server,
            web,
            model_folder,
            collection="crashed",
            pictures=PICTURES,
            workers=3,
            kills=2,
            seed=1,
        )
    assert verdict.complaints(pictures=PICTURES) == []
    assert (verdict.embedded, verdict.failed) == (good, PICTURES - good)
    assert verdict.kills == 2
    with psycopg.connect(server.start(), autocommit=True) as connection:
        told = connection.execute(
            "select count(e.image_id), count(a.alert_id), count(d.alert_id) from clipsql.image_embedding as e"
            " full join clipsql.alert as a using (image_id) full join clipsql_private.delivery as d using (alert_id)"
        ).fetchone()
        assert told == (good, good, good)
        connection.execute("select clipsql.unwatch('all')")


@pytest.mark.slow
def test_a_picture_that_kills_its_workers_is_found_and_given_up_and_no_other(
    forker: Forker, server: EmbeddedServer, model_folder: Path
) -> None:
    url, killer = server.start(), picture_bytes(33)
    with PictureServer() as web, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("delete from clipsql.image")
        connection.cursor().executemany(
            "insert into clipsql.image (collection, url) values ('deadly', %s)",
            [(web.url(picture),) for picture in range(100)],
        )
        codes = []
        while connection.execute("select 1 from clipsql.image where status = 'pending'").fetchone():
            worker = forker.start(
                url,
                *(
                    "worker",
                    "--until-empty",
                    "--collection",
                    "deadly",
                    "--lease",
                    "1",
                    "--allow-private-hosts",
                ),
                *("--model", model_folder, "--dtype", "float32"),
                dies_of=killer,
            )
            codes.append(worker.wait())
        assert codes == [-signal.SIGABRT] * 6 + [1]
        failed = connection.execute(
            "select url, failure from clipsql.image where status <> 'embedded'"
        ).fetchall()
        assert failed == [(web.url(33), "fatal")]


def test_a_second_signal_gives_all_back_at_once(
    forker: Forker, server: EmbeddedServer, model_folder: Path
) -> None:
    url = server.start()
    with PictureServer(latency_s=30) as web, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("delete from clipsql.image")
        connection.cursor().executemany(
            "insert into clipsql.image (collection, url) values ('stopped', %s)",
            [(web.url(picture),) for picture in range(20)],
        )
        worker = forker.start(
            url, "worker", "--model", model_folder, "--dtype", "float32", "--allow-private-hosts"
        )
        held = "select count(leased_by) from clipsql_private.queue"
        until(lambda: connection.execute(held).fetchone() == (20,))
        os.kill(worker.pid, signal.SIGTERM)
        until(lambda: bool(worker.lines))
        started = time.monotonic()
        assert worker.kill(signal.SIGINT) != 0
        assert time.monotonic() - started < 25  # long before the web answers
        assert connection.execute(held).fetchone() == (0,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_worker_that_gives_back_the_rest(
    forker: Forker, server: EmbeddedServer, model_folder: Path, number: signal.Signals
) -> None:
    url = server.start()
    with PictureServer(latency_s=0.1) as web, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("delete from clipsql.image")
        connection.cursor().executemany(
            "insert into clipsql.image (collection, url) values ('stopped', %s)",
            [(web.url(picture),) for picture in range(300)],
        )
        worker = forker.start(
            url, "worker", "--model", model_folder, "--dtype", "float32", "--allow-private-hosts", "--json"
        )
        embedded = "select count(*) from clipsql.image where status = 'embedded'"
        until(lambda: connection.execute(embedded).fetchone() != (0,))
        assert worker.kill(number) == 0, worker.lines
        assert "Finishing what is downloaded" in worker.lines[0]
        row = connection.execute(
            "select count(*) filter (where status = 'embedded'),"
            " (select count(leased_by) from clipsql_private.queue) from clipsql.image"
        ).fetchone()
    assert row is not None
    assert 0 < row[0] < 300
    assert row[1] == 0
    assert json.loads(worker.lines[-1])["added"] == row[0]
