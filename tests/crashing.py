"""Kill workers and restart their PostgreSQL while they empty a queue, and judge what is left of it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from forking import Forker, Running
from picture_server import PictureServer, picture_bytes
from waiting import until

from clipsql.db.engine import create_engine
from clipsql.db.models import require_model
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.picture import PictureRecord
from clipsql.server import EmbeddedServer
from clipsql.sources import Source

LEASE_S = 3

_VERDICT = """
    select count(*) filter (where i.status = 'embedded') as embedded,
           count(*) filter (where i.status = 'failed' and i.failure is not null and i.error is not null) as failed,
           count(*) filter (where i.status = 'pending') as lost,
           count(*) filter (where s.times <> 1) as twice,
           count(*) filter (where exists (
               select from clipsql_private.queue as q where q.image_id = i.image_id)) as queued,
           count(*) filter (where i.status = 'embedded' and e.image_id is null
                               or i.status <> 'embedded' and e.image_id is not null) as without_embedding,
           count(*) filter (where i.status = 'embedded' and not exists (
               select from clipsql.caption as c join clipsql.caption_embedding as f using (caption_id)
               where c.image_id = i.image_id)) as without_caption
    from clipsql.image as i
    left join clipsql.image_embedding as e using (image_id)
    left join (select image_id, count(*) as times from settled group by image_id) as s using (image_id)
    where i.collection = %s
"""

_COUNT_SETTLED = """
    create table if not exists settled (image_id bigint);
    create or replace function count_settled() returns trigger language plpgsql as
        'begin insert into public.settled values (new.image_id); return null; end';
    create or replace trigger count_settled after update of status on clipsql.image
        for each row when (new.status <> 'pending') execute function count_settled();
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a round left: all pictures have to be embedded or failed, and the other counts 0."""

    embedded: int
    failed: int
    lost: int
    twice: int
    queued: int
    without_embedding: int
    without_caption: int
    downloads: int
    kills: int
    seconds: float

    def complaints(self, *, pictures: int) -> list[str]:
        """What is wrong, in words."""
        wrong = ("lost", "twice", "queued", "without_embedding", "without_caption")
        found = [f"{getattr(self, name)} {name}" for name in wrong if getattr(self, name)]
        if self.embedded + self.failed != pictures:
            found.append(f"{self.embedded} embedded and {self.failed} failed of {pictures}")
        return found


@dataclass(frozen=True)
class _Listed(Source):
    urls: list[str]

    @property
    def name(self) -> str:
        return "listed"

    def count(self) -> int:
        return len(self.urls)

    def __iter__(self) -> Iterator[PictureRecord]:
        for number, url in enumerate(self.urls):
            yield PictureRecord(url, None, (f"a red car {number % 40}",))


@contextmanager
def spoiled(web: PictureServer, pictures: int) -> Iterator[int]:
    """A web on which some pictures are missing and some cut short; gives how many are good."""
    bad = {f"/{number}.png": None for number in range(0, pictures, 10)}
    bad |= {f"/{number}.png": picture_bytes(number)[:60] for number in range(5, pictures, 17)}
    web.contents.update(bad)
    yield pictures - len(bad)
    for path in bad:
        del web.contents[path]


def crash_round(
    forker: Forker,
    server: EmbeddedServer,
    web: PictureServer,
    model: Path,
    *,
    collection: str,
    pictures: int,
    workers: int,
    kills: int,
    seed: int,
) -> Verdict:
    """Fill a queue, let workers empty it while some are killed and the server is shut down at once, and judge."""
    started, asked = time.monotonic(), web.asked.total()
    moments = random.Random(seed)
    url = server.start()
    engine = create_engine(url)
    Indexer(engine, None, require_model(engine)).ingest(
        _Listed([web.url(number) for number in range(pictures)]),
        IngestOptions(collection=collection, enqueue_only=True),
    )
    engine.dispose()
    with psycopg.connect(url) as connection:
        connection.execute(_COUNT_SETTLED)

    def start() -> Running:
        return forker.start(
            url,
            *("worker", "--until-empty", "--collection", collection, "--lease", str(LEASE_S)),
            *("--model", model, "--dtype", "float32", "--concurrency", "32", "--per-host", "64"),
            "--allow-private-hosts",
        )

    running = [start() for _ in range(workers)]
    steps = sorted(moments.uniform(0.1, 0.8) for _ in range(kills))
    killed = 0
    for number, share in enumerate(steps):
        until(lambda wanted=share * pictures: _settled(url, collection) >= wanted)  # type: ignore[misc]
        if number == kills // 2:
            _restart_at_once(server)
        victim = running.pop(moments.randrange(len(running)))
        killed += victim.kill(signal.SIGKILL) == -signal.SIGKILL
        running.append(start())
    while running:
        one = running.pop()
        code = one.wait()
        if one.lines and one.lines[-1].startswith("Error: Cannot reach"):
            # It was still starting when the server went away; whoever keeps workers running starts another.
            running.append(start())
        else:
            assert code in (0, 1), one.lines  # 1: pictures of its own failed
    with psycopg.connect(url) as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        counts: dict[str, Any] | None = cursor.execute(_VERDICT, (collection,)).fetchone()
    assert counts is not None
    return Verdict(
        **counts, downloads=web.asked.total() - asked, kills=killed, seconds=time.monotonic() - started
    )


def _restart_at_once(server: EmbeddedServer) -> None:
    """What `pg_ctl restart -m immediate` does: no checkpoint, all sessions cut."""
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    until(lambda: not server.status().running)
    server.start()


def _settled(url: str, collection: str) -> int:
    with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from clipsql.image where collection = %s and status <> 'pending'", (collection,)
        ).fetchone()
        assert row is not None
        return int(row[0])
    return 0
