"""Hours of ingest, search, delete, watch, vacuum, kills and restarts: does anything grow, get lost, or come twice?

    python benchmarks/soak.py --minutes 120

A web server on loopback, PostgreSQL, and two workers with the demo's model. In each cycle 40 pictures are queued by
plain SQL and as many of the oldest are removed, so that --pictures are there; a client searches by text with
a filter; tables are vacuumed now and then. Workers are killed by kill -9 and started again; PostgreSQL is stopped as by
`pg_ctl stop -m immediate`, and started. After each cycle the books must balance: nothing pending for long, each picture
with its embedding, search row and caption, an alarm for each picture that is similar enough and for no other. Prints a
line for each tenth of the time, and what grew from the second tenth to the last. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from picture_server import PictureServer

from clipsql.db.engine import create_engine
from clipsql.db.models import require_model
from clipsql.db.schema import migrating
from clipsql.db.search_rows import ensure_search_rows
from clipsql.demo.tour import MODEL
from clipsql.models import register_model
from clipsql.server import EmbeddedServer

_MODEL = Path(__file__).parents[1] / "clipsql" / "demo" / "model"
_CLIPSQL = Path(sys.executable).with_name("clipsql")
_BATCH = 40
_LEASE_S = 10
_PATIENCE_S = 120
_TEXTS = ("a red truck", "a blue car at night", "rain", "two buses", "an empty road")
_PER_PICTURE = {
    "pictures": "clipsql.image",
    "embeddings": "clipsql_private.image_embedding_1",
    "HNSW": "(select i.indexrelid from pg_index as i join pg_class as c on c.oid = i.indexrelid"
    " join pg_am as a on a.oid = c.relam where a.amname = 'hnsw'"
    " and i.indrelid = 'clipsql_private.image_embedding_1'::regclass)",
    "search rows": "clipsql_private.search_row_1",
    "queue": "clipsql_private.queue",
    "alarms": "clipsql.alert",
}
# How similar a picture is to a watch is rounded in more than one way: within a ten-thousandth both are right.
_WRONG = """
    select
        count(*) filter (where i.status = 'embedded' and e.image_id is null) as without_embedding,
        count(*) filter (where i.status = 'embedded' and s.image_id is null) as without_search_row,
        count(*) filter (where not exists (select from clipsql.caption as c where c.image_id = i.image_id))
            as without_caption,
        count(*) filter (where i.image_id > %(since)s and a.image_id is null
                           and 1 - (e.embedding <=> w.vector) > w.min_similarity + 1e-4) as without_alarm,
        count(*) filter (where a.image_id is not null and 1 - (e.embedding <=> w.vector) < w.min_similarity - 1e-4)
            as false_alarms,
        count(*) filter (where i.status = 'failed') as failed
    from clipsql.image as i
    left join clipsql.image_embedding as e on e.image_id = i.image_id
    left join clipsql_private.search_row_1 as s on s.image_id = i.image_id
    left join clipsql.alert as a on a.image_id = i.image_id
    cross join (select v.embedding as vector, l.min_similarity
                from clipsql.watch_list as l join clipsql_private.watch_vector as v using (watch_id)) as w
"""


@dataclass
class _Span:
    """What was seen in a tenth of the time."""

    cycles: int = 0
    kills: int = 0
    restarts: int = 0
    searches_ms: list[float] = field(default_factory=list)
    cycle_s: list[float] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    worker_mb: list[float] = field(default_factory=list)
    bytes: dict[str, float] = field(default_factory=dict)


class _Soak:
    def __init__(self, server: EmbeddedServer, web: PictureServer, options: argparse.Namespace) -> None:
        self.server, self.web, self.options = server, web, options
        self.random = random.Random(options.seed)
        self.queued = self.since = 0
        self.complaints: list[str] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.log = (options.log or Path(os.devnull)).open("ab")

    def start_worker(self) -> None:
        self.workers.append(
            subprocess.Popen(
                [
                    *(_CLIPSQL, "worker", "--model", MODEL, "--dtype", "float32"),
                    *(
                        "--lease",
                        str(_LEASE_S),
                        "--concurrency",
                        "16",
                        "--thumbnails",
                        "--allow-private-hosts",
                    ),
                ],
                env={**os.environ, "CLIPSQL_DATABASE_URL": self.server.url()},
                stdout=self.log,
                stderr=self.log,
            )
        )

    def prepare(self) -> None:
        """The pictures that are there all the time, an index, search rows, and a watch."""
        engine = create_engine(self.server.start())
        migrating.upgrade(engine)
        register_model(engine, str(_MODEL), name=MODEL, dtype="float32")
        for _ in range(2):
            self.start_worker()
        while self.queued < self.options.pictures:
            self.queue()
        self.settle()
        ensure_search_rows(engine, require_model(engine), least_rows=1)
        engine.dispose()
        with self.connect() as connection:
            connection.execute(
                "select clipsql.watch('trucks', query => 'a red truck', in_collection => 'soak',"
                " min_similarity => (select percentile_disc(0.8) within group (order by s.similarity)"
                " from clipsql.search_text('a red truck', 1000, in_collection => 'soak') as s))"
            )
            row = connection.execute("select max(image_id) from clipsql.image").fetchone()
            assert row is not None
            self.since = row[0]

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.server.url(), autocommit=True)

    def queue(self) -> None:
        with self.connect() as connection, connection.transaction(), connection.cursor() as cursor:
            for _ in range(_BATCH):
                self.queued += 1
                cursor.execute(
                    "with i as (insert into clipsql.image (collection, url, taken_at)"
                    " values ('soak', %s, '2026-03-16'::timestamptz + %s * interval '1 min') returning image_id)"
                    " insert into clipsql.caption (image_id, body, language) select image_id, %s, 'en' from i",
                    (self.web.url(self.queued), self.queued, f"picture {self.queued}"),
                )

    def settle(self) -> None:
        """Wait until nothing is pending; workers that died for a server that went away are started again."""
        began = time.monotonic()
        while self.ask("select count(*) from clipsql.image where status = 'pending'"):
            for worker in [worker for worker in self.workers if worker.poll() is not None]:
                self.workers.remove(worker)
                self.start_worker()
            if time.monotonic() - began > _PATIENCE_S:
                self.complaints.append(f"pictures are pending for {_PATIENCE_S} s")
                return
            time.sleep(0.5)

    def ask(self, statement: str) -> int:
        with self.connect() as connection:
            row = connection.execute(statement).fetchone()
            assert row is not None
            return int(row[0] or 0)

    def cycle(self, span: _Span, number: int) -> None:
        began = time.monotonic()
        self.queue()
        if number % 4 == 3:
            victim = self.workers.pop(self.random.randrange(len(self.workers)))
            time.sleep(self.random.uniform(0, 2))
            victim.kill()
            victim.wait()
            self.start_worker()
            span.kills += 1
        if number % 16 == 15:
            pid = self.server.status().pid
            assert pid is not None
            os.kill(pid, signal.SIGQUIT)
            while self.server.status().running:
                time.sleep(0.1)
            self.server.start()
            span.restarts += 1
        self.search(span)
        self.settle()
        with self.connect() as connection:
            connection.execute(
                "delete from clipsql.image where image_id in (select image_id from clipsql.image"
                " order by image_id limit greatest(0, (select count(*) from clipsql.image) - %s))",
                (self.options.pictures,),
            )
            if number % 8 == 7:
                connection.execute("vacuum analyze")
        self.check()
        self.look(span)
        span.cycles += 1
        span.cycle_s.append(time.monotonic() - began)

    def search(self, span: _Span) -> None:
        with self.connect() as connection:
            for _ in range(self.options.searches):
                text = self.random.choice(_TEXTS)
                oldest = self.queued - self.random.choice((50, 200, 1000))
                began = time.perf_counter()
                rows = connection.execute(
                    "select image_id from clipsql.search_text(%s, 10, in_collection => 'soak',"
                    " taken_from => '2026-03-16'::timestamptz + %s * interval '1 min')",
                    (text, oldest),
                ).fetchall()
                span.searches_ms.append(1000 * (time.perf_counter() - began))
                # Of the last 50 no more than 40 wait.
                if len(rows) < 10 or len(set(rows)) < len(rows):
                    self.complaints.append(
                        f"a search returned {len(rows)} rows, {len(set(rows))} of them different"
                    )

    def check(self) -> None:
        with self.connect() as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            wrong = cursor.execute(_WRONG, {"since": self.since}).fetchone()
        assert wrong is not None
        self.complaints += [f"{count} {name}" for name, count in wrong.items() if count]

    def look(self, span: _Span) -> None:
        """How large everything is."""
        span.queued.append(self.ask("select count(*) from clipsql_private.queue"))
        span.connections.append(
            self.ask("select count(*) from pg_stat_activity where backend_type = 'client backend'")
        )
        pid = self.server.status().pid
        assert pid is not None
        span.server_mb.append(sum(_memory_mb(one) for one in _children(pid)))
        span.worker_mb.append(statistics.mean(_memory_mb(worker.pid) for worker in self.workers))
        pictures = self.ask("select count(*) from clipsql.image")
        span.bytes = {
            name: self.ask(
                f"select {'pg_relation_size' if name == 'HNSW' else 'pg_total_relation_size'}"
                f"({table if table.startswith('(') else f'{table!r}::regclass'})"
            )
            / pictures
            for name, table in _PER_PICTURE.items()
        }

    def end(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(20)
            worker.kill()
        self.log.close()


def main() -> int:
    """Soak, print the table, say what was wrong."""
    options = _arguments()
    home = Path(tempfile.mkdtemp(prefix="clipsql-soak-"))
    home.chmod(0o711)
    server = EmbeddedServer(home / "server")
    with PictureServer() as web:
        soak = _Soak(server, web, options)
        try:
            soak.prepare()
            spans = list(_run(soak, options))
        finally:
            soak.end()
            server.remove()
            shutil.rmtree(home, ignore_errors=True)
    _print_growth(spans)
    print(
        f"\n{soak.queued:,} pictures queued. Wrong: {', '.join(dict.fromkeys(soak.complaints)) or 'nothing'}."
    )
    return bool(soak.complaints)


def _run(soak: _Soak, options: argparse.Namespace) -> Iterator[_Span]:
    print(
        "| minutes | cycles | kills | restarts | cycle s | search p50 / p95 ms | in the queue | connections |"
        " server MB | a worker MB | " + " | ".join(f"{name}, bytes a picture" for name in _PER_PICTURE) + " |"
    )
    print("|" + " --- |" * (10 + len(_PER_PICTURE)), flush=True)
    began = time.monotonic()
    number = 0
    for tenth in range(1, 11):
        span = _Span()
        while time.monotonic() - began < 60 * options.minutes * tenth / 10 or not span.cycles:
            soak.cycle(span, number)
            number += 1
            time.sleep(options.pause)
        searches = statistics.quantiles(span.searches_ms, n=20)
        print(
            f"| {(time.monotonic() - began) / 60:.0f} | {span.cycles} | {span.kills} | {span.restarts} |"
            f" {statistics.median(span.cycle_s):.1f} | {searches[9]:.1f} / {searches[18]:.1f} | {max(span.queued)} |"
            f" {max(span.connections)} | {statistics.median(span.server_mb):.0f} |"
            f" {statistics.median(span.worker_mb):.0f} | "
            + " | ".join(f"{value:,.0f}" for value in span.bytes.values())
            + " |",
            flush=True,
        )
        yield span


def _print_growth(spans: list[_Span]) -> None:
    early, late = spans[1], spans[-1]
    ratios = {
        "server's memory": statistics.median(late.server_mb) / statistics.median(early.server_mb),
        "a worker's memory": statistics.median(late.worker_mb) / statistics.median(early.worker_mb),
        "connections": statistics.median(late.connections) / statistics.median(early.connections),
        **{name: late.bytes[name] / early.bytes[name] for name in _PER_PICTURE if early.bytes[name]},
    }
    print(
        "\nFrom the second tenth to the last: "
        + ", ".join(f"{name} x {ratio:.2f}" for name, ratio in ratios.items())
    )


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def _memory_mb(pid: int) -> float:
    """Its own memory and its share of what it has in common with others; 0 for one that has just ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--pictures", type=int, default=2000, help="that are there at any time")
    parser.add_argument("--searches", type=int, default=40, help="in a cycle")
    parser.add_argument("--pause", type=float, default=2, metavar="SECONDS", help="between cycles")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, help="what workers say goes to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
