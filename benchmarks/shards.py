"""One, two and four servers on this machine: recall, time of a search, and what the merge adds to the slowest shard.

    python benchmarks/shards.py --rows 20000

All answer the same queries in turn. Beside them stands what postgres_fdw can do by itself: a foreign table of vectors
on each shard, nearest ones of each by UNION ALL, without filters, percentiles or facts of the pictures. Servers that
share the processors of one machine win nothing by working at the same time; what is measured is what sharing costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psycopg
from filtered_search_data import make_pictures
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from shard_servers import Server, servers

from clipsql import connect
from clipsql.db import percentile_samples
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_space
from clipsql.db.search_rows import ensure_search_rows
from clipsql.db.shards.adding import add_shard

_MODEL = "benchmark"
_WAYS = {
    "no filter": "select url from clipsql.search('{}', 10) order by rank",
    "a hundredth": "select url from clipsql.search('{}', 10, having_metadata => '{{\"n\": 7}}') order by rank",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    pictures, queries = make_pictures(given.rows, queries=given.queries, seed=7)
    vectors = pictures.vectors.astype(np.float32)
    folder = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    folder.chmod(0o755)
    with servers(4, folder) as started:
        fronts = {1: _filled(started[:1], vectors, is_whole=True)[0]}
        shards: dict[int, list[str]] = {1: []}
        for count in (2, 4):
            fronts[count], shards[count] = _filled(started[:count], vectors, is_whole=False)
        _measure(fronts, shards, vectors, queries, rounds=given.rounds)


def _filled(some: Sequence[Server], vectors: NDArray[np.float32], *, is_whole: bool) -> tuple[str, list[str]]:
    """URL of the database to ask, and of those that hold the pictures."""
    front = some[0].database(f"front{len(some)}")
    urls = (
        [] if is_whole else [server.database(f"of{len(some)}_{place}") for place, server in enumerate(some)]
    )
    for url in (front, *urls):
        engine = create_engine(url)
        add_space(engine, _MODEL, dimensions=vectors.shape[1])
        engine.dispose()
    engine = create_engine(front)
    for place, url in enumerate(urls):
        add_shard(engine, url, name=f"shard {place}")
    engine.dispose()
    with connect(front) as pictures:
        rows = range(len(vectors))
        facts = {"url": [f"{row}.jpg" for row in rows], "metadata": [{"n": row % 100} for row in rows]}
        pictures.put_many("c", {**facts, "embedding": vectors})
    for url in urls or [front]:
        engine = create_engine(url)
        model = add_space(engine, _MODEL, dimensions=vectors.shape[1])
        ensure_index(engine, model, table="image_embedding")
        ensure_search_rows(engine, model)
        percentile_samples.refresh(engine, model)
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
    return front, urls


def _measure(
    fronts: dict[int, str],
    shards: dict[int, list[str]],
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    *,
    rounds: int,
) -> None:
    texts = ["[" + ",".join(map(str, query)) + "]" for query in queries]
    print(
        "| servers | search | recall@10 | p50 ms | p95 ms | slowest shard alone, p50 ms | postgres_fdw, p50 ms |"
    )
    print("|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        opened = {
            count: stack.enter_context(psycopg.connect(url, autocommit=True)) for count, url in fronts.items()
        }
        alone = {
            count: [stack.enter_context(psycopg.connect(url, autocommit=True)) for url in urls]
            for count, urls in shards.items()
        }
        for count in shards:
            if count > 1:
                _foreign(opened[count], shards[count])
        for name, statement in _WAYS.items():
            allowed = (
                np.arange(len(vectors)) % 100 == 7 if name != "no filter" else np.ones(len(vectors), bool)
            )
            times: dict[tuple[int, str], list[float]] = {}
            hits: dict[int, int] = dict.fromkeys(opened, 0)
            for turn in range(rounds + 1):  # the first one warms
                for text, query in zip(texts, queries, strict=True):
                    truth = {
                        f"{row}.jpg"
                        for row in np.flatnonzero(allowed)[np.argsort(-(vectors[allowed] @ query))[:10]]
                    }
                    for count, connection in opened.items():
                        asked = statement.format(text)
                        spent, rows = _timed(lambda c=connection, a=asked: c.execute(a).fetchall())
                        if turn:
                            times.setdefault((count, "all"), []).append(spent)
                            hits[count] += len(truth & {url for (url,) in rows})
                        if count == 1 or not turn:
                            continue
                        each = [
                            _timed(lambda c=one, t=text, n=name: _alone(c, t, n))[0] for one in alone[count]
                        ]
                        times.setdefault((count, "alone"), []).append(max(each))
                        if name == "no filter":
                            spent, _ = _timed(
                                lambda c=connection, n=count, t=text: c.execute(_by_fdw(n, t)).fetchall()
                            )
                            times.setdefault((count, "fdw"), []).append(spent)
            for count in opened:
                spent_all = times[count, "all"]
                cells = [
                    f"{hits[count] / (10 * len(queries) * rounds):.3f}",
                    f"{statistics.median(spent_all):.1f}",
                    f"{statistics.quantiles(spent_all, n=20)[-1]:.1f}",
                    *(
                        f"{statistics.median(times[count, way]):.1f}" if (count, way) in times else ""
                        for way in ("alone", "fdw")
                    ),
                ]
                print(f"| {count} | {name} | {' | '.join(cells)} |", flush=True)


def _timed(call: Callable[[], list[tuple[object, ...]]]) -> tuple[float, list[tuple[object, ...]]]:
    started = time.perf_counter()
    rows = call()
    return 1000 * (time.perf_counter() - started), rows


def _alone(connection: psycopg.Connection, text: str, name: str) -> list[tuple[object, ...]]:
    """What one shard does for a search of all."""
    request = {
        "directions": [text],
        "max_results": 10,
        "filter": {} if name == "no filter" else {"having_metadata": {"n": 7}},
        "model": _MODEL,
        "timezone": "UTC",
    }
    return connection.execute("select clipsql_private.answer_as_shard(%s)", (json.dumps(request),)).fetchall()


def _foreign(connection: psycopg.Connection, urls: Sequence[str]) -> None:
    connection.execute("create extension postgres_fdw")
    for place, url in enumerate(urls):
        parts = psycopg.conninfo.conninfo_to_dict(url)
        connection.execute(
            f"create server fdw{place} foreign data wrapper postgres_fdw options (host '{parts['host']}',"
            f" port '{parts['port']}', dbname '{parts['dbname']}', async_capable 'true', extensions 'vector')"
        )
        password = str(parts["password"]).replace("'", "''")
        connection.execute(
            f"create user mapping for current_user server fdw{place} options (user 'postgres', password '{password}')"
        )
        connection.execute(
            f"create foreign table fdw{place} (image_id bigint, embedding halfvec(512)) server fdw{place}"
            " options (schema_name 'clipsql_private', table_name 'image_embedding_1')"
        )


def _by_fdw(count: int, text: str) -> str:
    branch = "(select image_id, embedding <=> '{0}'::halfvec(512) as d from fdw{1} order by d limit 10)"
    parts = " union all ".join(branch.format(text, place) for place in range(count))
    return f"{parts} order by d limit 10"


if __name__ == "__main__":
    main()
