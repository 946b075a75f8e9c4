"""What it takes to keep a large table right: insert, change, delete and vacuum, with searches going on meanwhile.

    python benchmarks/upkeep.py --rows 200000
    python benchmarks/upkeep.py --rows 1000000 --folder loaded   # what filtered_search.py --folder loaded left there

Batches of 1,000 pictures are written, each in one transaction, with all indexes and search rows, and again without the
triggers that keep search rows, in turn. Another session searches without a pause, by text and with a filter. In the end
every picture with a vector must have its search row and no other, with the time that the picture has.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from filtered_search_data import FIRST_DAY, make_pictures, prepare
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer

_BATCH = 1000
_SEARCH = """
    select image_id from clipsql.search(%(query)s::vector, 10, taken_from => %(from)s, taken_until => %(until)s)
"""
_WRONG = """
    select count(*)
    from clipsql_private.image_embedding_1 as e
    join clipsql.image as i on i.image_id = e.image_id
    full join clipsql_private.search_row_1 as s on s.image_id = e.image_id
    where s.image_id is null or e.image_id is null or s.taken_at is distinct from i.taken_at
"""


def main() -> None:
    """Print a table of milliseconds for each 1,000 rows, one of searches, and what is wrong."""
    arguments = _arguments()
    pictures, queries = make_pictures(arguments.rows, queries=16, seed=1)
    with tempfile.TemporaryDirectory(prefix="upkeep-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        server = EmbeddedServer(folder / "server")
        try:
            url = server.start()
            engine = create_engine(url)
            migrating.upgrade(engine)
            prepare(engine, url, pictures)
            engine.dispose()
            _measure(url, pictures.vectors, queries, arguments)
        finally:
            if arguments.folder:
                server.stop()
            else:
                server.remove()


def _measure(
    url: str, vectors: NDArray[np.float32], queries: NDArray[np.float32], arguments: argparse.Namespace
) -> None:
    random = np.random.default_rng(3)
    before = vectors[random.integers(len(vectors), size=_BATCH)]
    with psycopg.connect(url, autocommit=True) as connection:
        register_vector(connection)
        times: dict[str, list[float]] = {}
        searches: dict[str, list[float]] = {}
        with _searching(url, queries, searches.setdefault("nothing else", [])):
            time.sleep(arguments.seconds)
        with _searching(url, queries, searches.setdefault("insert", [])):
            for number in range(arguments.batches):
                for name in ("with search rows", "without"):
                    # New pictures are like old ones, none of them the same.
                    noise = random.standard_normal(before.shape).astype(np.float32) * before.std() / 4
                    elapsed = _insert(connection, before + noise, f"{name}-{number}", keep=name != "without")
                    times.setdefault(f"insert {name}", []).append(elapsed)
        _run(connection, "delete from clipsql.image where starts_with(collection, 'upkeep without-')")
        with _searching(url, queries, searches.setdefault("change of time", [])):
            for number in range(arguments.batches):
                times.setdefault("change of time", []).append(
                    _run(
                        connection,
                        "update clipsql.image set taken_at = taken_at + interval '1 hour' where collection = %s",
                        f"upkeep with search rows-{number}",
                    )
                )
        with _searching(url, queries, searches.setdefault("delete", [])):
            for number in range(arguments.batches):
                times.setdefault("delete", []).append(
                    _run(
                        connection,
                        "delete from clipsql.image where collection = %s",
                        f"upkeep with search rows-{number}",
                    )
                )
        with _searching(url, queries, searches.setdefault("vacuum", [])):
            began = time.perf_counter()
            for table in (
                "clipsql.image",
                "clipsql_private.image_embedding_1",
                "clipsql_private.search_row_1",
            ):
                connection.execute(f"vacuum {table}")
            vacuum = time.perf_counter() - began
        row = connection.execute(_WRONG).fetchone()
        assert row is not None
    print(f"{arguments.rows:,} rows, {arguments.batches} batches of {_BATCH:,} each way\n")
    print("| for each 1,000 rows | median ms | most |\n| --- | --- | --- |")
    for name, values in times.items():
        print(f"| {name} | {np.median(values):.0f} | {max(values):.0f} |")
    print(f"\nVacuum of pictures, vectors and search rows: {vacuum:.1f} s. Rows that are wrong: {row[0]}.\n")
    print("| searches beside | searches | p50 ms | p95 |\n| --- | --- | --- | --- |")
    for name, values in searches.items():
        print(
            f"| {name} | {len(values)} | {np.median(values):.1f} | {np.percentile(values, 95):.1f} |"
            if values
            else f"| {name} | 0 | | |"
        )


def _insert(connection: psycopg.Connection, vectors: NDArray[np.float32], name: str, *, keep: bool) -> float:
    """Milliseconds for pictures and vectors in one transaction; without search rows' trigger unless `keep`."""
    if not keep:
        connection.execute("alter table clipsql.image_embedding disable trigger search_rows_of_new")
    began = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        ids = cursor.execute(
            "insert into clipsql.image (collection, url, taken_at, longitude, latitude, status)"
            " select 'upkeep ' || %(name)s, 'https://new.example/' || %(name)s || g, %(day)s + g * interval '1 min',"
            " g / 10.0, g / 20.0, 'embedded' from generate_series(1, %(rows)s) as g returning image_id",
            {"name": name, "day": FIRST_DAY, "rows": len(vectors)},
        ).fetchall()
        with cursor.copy(
            "copy clipsql.image_embedding (image_id, model_id, embedding) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "int4", "halfvec"])
            for (image_id,), vector in zip(ids, vectors, strict=True):
                copy.write_row((image_id, 1, HalfVector(vector / np.linalg.norm(vector))))
    elapsed = 1000 * (time.perf_counter() - began)
    if not keep:
        connection.execute("alter table clipsql.image_embedding enable trigger search_rows_of_new")
    return elapsed


def _run(connection: psycopg.Connection, statement: str, *values: str) -> float:
    began = time.perf_counter()
    connection.execute(statement, values)
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _searching(url: str, queries: NDArray[np.float32], times: list[float]) -> Iterator[None]:
    """Search in another session; milliseconds go to `times`."""
    ended = threading.Event()

    def search() -> None:
        random = np.random.default_rng(4)
        with psycopg.connect(url, autocommit=True) as connection:
            register_vector(connection)
            while not ended.is_set():
                start = FIRST_DAY + dt.timedelta(minutes=int(random.integers(100_000)))
                values = {
                    "query": queries[random.integers(len(queries))],
                    "from": start,
                    "until": start + dt.timedelta(minutes=int(10 ** random.uniform(3, 5))),
                }
                began = time.perf_counter()
                connection.execute(_SEARCH, values).fetchall()
                times.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=search)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of searches with nothing else")
    parser.add_argument("--folder", type=Path, help="a server that filtered_search.py loaded with --folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
