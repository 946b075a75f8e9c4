"""Search without a pause before, during and after a change of the model, and count what went wrong.

    python benchmarks/model_change.py --source photos/ --old ./photo-dual --new ./other

Clients search by captions of the pictures, each in a session of its own; the worker is a process of its own, on the
same cores. A line for each phase: how many searches, how long they took, how many answers were short, or of two
models, as they are not what either finds alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict

import numpy as np
import psycopg
import sqlalchemy as sa
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.db.models import require_model
from clipsql.db.readiness import make_ready
from clipsql.db.shadows import begin_shadow, model_changes, retire_model, use_model
from clipsql.models import register_model
from clipsql.search.comparison import compare_models

CLIPSQL = "import sys; from clipsql.cli import main; sys.argv[0] = 'clipsql'; main()"
SEARCH = "select array_agg(s.image_id order by s.rank) from clipsql.search_text(%s, %s) as s"
UNDER = "select array_agg(s.image_id order by s.rank) from clipsql.search_text(%s, %s, model => %s) as s"


def main() -> None:
    """Parse the options, change the model, print a line for each phase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", required=True, help="captioned pictures, as clipsql ingest takes them")
    parser.add_argument("--old", required=True, help="folder or hub id of a model")
    parser.add_argument("--new", required=True, help="that of another")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the phases without a backfill")
    parser.add_argument("--queries", type=int, default=30, help="captions that are searched for")
    options = parser.parse_args()
    with temporary_database() as (engine, _):
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        environment = {**os.environ, "CLIPSQL_DATABASE_URL": url, "HF_HUB_OFFLINE": "1"}

        def clipsql(*words: str) -> None:
            subprocess.run([sys.executable, "-c", CLIPSQL, *words], env=environment, check=True)

        register_model(engine, options.old, name="old")
        clipsql("ingest", options.source, "--collection", "c", "--model", "old")
        register_model(engine, options.new, name="new")
        texts = _captions(engine, options.queries)
        clients = _Clients(url, texts, options.clients)
        with clients:
            clients.phase("before", options.seconds)
            began = time.monotonic()
            begin_shadow(engine, "new")
            clients.name = "backfill"
            clipsql("worker", "--until-empty")
            (change,) = model_changes(engine)
            pace = change.embedded / (time.monotonic() - began)
            clients.phase("both, old is used", options.seconds)
            make_ready(engine, require_model(engine, "new"), like=require_model(engine, "old"))
            use_model(engine, "new", keeps_old=True, may_lack=False)
            clients.phase("both, new is used", options.seconds)
            use_model(engine, "old", keeps_old=True, may_lack=False)
            clients.phase("back", options.seconds)
            use_model(engine, "new", keeps_old=True, may_lack=False)
            retire_model(engine, "old")
            clients.phase("old is retired", options.seconds)
        print(
            f"{change.pictures:,} pictures, {options.clients} clients, {os.cpu_count()} cores; backfill {pace:.0f}/s"
        )
        clients.show(right=_right(url, texts))
        told = compare_models(engine, "old", "new")
        assert told.old_recall is not None
        assert told.new_recall is not None
        assert told.gain is not None
        print(
            f"in common {told.overlap:.3f}, rank-biased {told.rank_biased_overlap:.3f}; recall@10 of {told.captions} "
            f"captions {told.old_recall.value:.3f} -> {told.new_recall.value:.3f} "
            f"({told.gain.low:+.3f} to {told.gain.high:+.3f})"
        )


class _Clients:
    """Sessions that search all the time; each answer is kept with the phase that it began in."""

    def __init__(self, url: str, texts: list[str], count: int) -> None:
        self.name = "before"
        self._url = url
        self._texts = texts
        self._times: dict[str, list[float]] = defaultdict(list)
        self._answers: dict[str, set[tuple[int, tuple[int, ...]]]] = defaultdict(set)
        self._errors: list[BaseException] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._search, args=(number,)) for number in range(count)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def phase(self, name: str, seconds: float) -> None:
        """Let clients search for so long."""
        self.name = name
        self._is_over.wait(seconds)

    def show(self, right: set[tuple[int, tuple[int, ...]]]) -> None:
        """A line for each phase."""
        print(
            f"{'phase':<20} {'searches':>8} {'p50 ms':>8} {'p95 ms':>8} {'most ms':>8} {'short':>6} {'mixed':>6}"
        )
        for name, times in self._times.items():
            short = sum(len(found) < 10 for _, found in self._answers[name])
            mixed = len(self._answers[name] - right) - short
            p50, p95 = np.percentile(times, [50, 95])
            print(
                f"{name:<20} {len(times):>8,} {p50:>8.1f} {p95:>8.1f} {max(times):>8.1f} {short:>6} {mixed:>6}"
            )
        print(f"errors: {len(self._errors)} {self._errors[:1]}")

    def _search(self, number: int) -> None:
        random = np.random.default_rng(number)
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                while not self._is_over.is_set():
                    name, which = self.name, int(random.integers(len(self._texts)))
                    started = time.perf_counter()
                    row = connection.execute(SEARCH, (self._texts[which], 10)).fetchone()
                    self._times[name].append(1000 * (time.perf_counter() - started))
                    self._answers[name].add((which, tuple(row[0] if row and row[0] else ())))
        except BaseException as error:
            self._errors.append(error)


def _captions(engine: Engine, count: int) -> list[str]:
    with engine.connect() as connection:
        return list(
            connection.execute(
                sa.text(
                    "select distinct on (hashint8(c.image_id)) c.body from clipsql.caption as c"
                    " order by hashint8(c.image_id), c.caption_id limit :count"
                ),
                {"count": count},
            ).scalars()
        )


def _right(url: str, texts: list[str]) -> set[tuple[int, tuple[int, ...]]]:
    """What each model finds alone."""
    found = set()
    with psycopg.connect(url, autocommit=True) as connection:
        for which, text in enumerate(texts):
            for model in ("old", "new"):
                row = connection.execute(UNDER, (text, 10, model)).fetchone()
                found.add((which, tuple(row[0] if row and row[0] else ())))
    return found


if __name__ == "__main__":
    main()
