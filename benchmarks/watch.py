"""Measure what watches cost those who write pictures, beside a program that looks for new pictures and compares them.

    python benchmarks/watch.py --watches 0 100 10000 100000

Pictures with random unit vectors are written in batches, as ingest writes them, under so many watches; one pair in
forty thousand raises an alarm. "more" is the time that a picture takes more than without watches. "a program" reads the
new vectors, compares them with those of all watches, which it holds in memory as one matrix (numpy, all cores), and
inserts the alarms; "a search each" asks for each watch, as a program without a matrix does, and is measured with few
watches. What is shown is the median of the batches, and whether all find the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.search.searcher import Searcher

DIMENSIONS = 512
THRESHOLD = 0.18
"""Of random directions one pair in forty thousand is as similar."""
MOST_SEARCHES = 100

Connection = psycopg.Connection[tuple[Any, ...]]


def main() -> None:
    """Parse the options, run the batches, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--watches", type=int, nargs="+", default=[0, 100, 10_000, 100_000])
    parser.add_argument("--batch", type=int, default=64, help="pictures in a batch (default 64)")
    parser.add_argument("--batches", type=int, default=20)
    options = parser.parse_args()
    base = 0.0
    print("watches | ms a picture | more | a program | a search each | alarms | same")
    for watches in options.watches:
        with temporary_database() as (engine, _):
            url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(url, autocommit=True) as connection:
                register_vector(connection)
                Searcher(engine).add_model("space", dimensions=DIMENSIONS)
                vectors = add_watches(connection, watches)
                written, program, searches, alarms, same = run(engine, connection, vectors, options)
        base = written if watches == 0 else base
        print(
            f"{watches:7,} | {written:12.3f} | {written - base:4.2f} | {program:9.3f} | "
            f"{'' if searches is None else f'{searches:13.3f}'} | {alarms:6,} | {same}"
        )


def run(
    engine: Engine, connection: Connection, vectors: NDArray[np.float16], options: argparse.Namespace
) -> tuple[float, float, float | None, int, bool]:
    """Milliseconds a picture: written, looked at by a program, searched for; how many alarms, and whether all agree."""
    random = np.random.default_rng(2)
    searcher = Searcher(engine)
    matrix = vectors.astype(np.float32)
    times: dict[str, list[float]] = {"written": [], "program": [], "searches": []}
    same = True
    connection.execute("create temporary table found (watch_id bigint, image_id bigint, similarity float8)")
    for number in range(options.batches):
        pictures = {
            "url": [f"https://example.com/{number}/{n}.jpg" for n in range(options.batch)],
            "embedding": random.standard_normal((options.batch, DIMENSIONS)).astype(np.float32),
        }
        (last,) = connection.execute("select coalesce(max(image_id), 0) from clipsql.image").fetchone() or (
            0,
        )
        times["written"].append(timed(lambda: searcher.put_many("c", pictures), options.batch))  # noqa: B023
        if not len(vectors):
            continue
        times["program"].append(timed(lambda: look(connection, matrix, last), options.batch))  # noqa: B023
        if len(vectors) <= MOST_SEARCHES:
            times["searches"].append(timed(lambda: search(connection, vectors, last), options.batch))  # noqa: B023
    alarms = pairs(connection, "clipsql.alert")
    if len(vectors):
        # The program compares in single precision: pairs at the very threshold may fall on either side.
        same = len(alarms ^ pairs(connection, "found")) <= 1 + len(alarms) // 1000
    median = {name: statistics.median(values) for name, values in times.items() if values}
    return median["written"], median.get("program", 0.0), median.get("searches"), len(alarms), same


def timed(work: Callable[[], Any], pictures: int) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started) / pictures


def look(connection: Connection, matrix: NDArray[np.float32], last: int) -> None:
    """What a program does that is woken when pictures were written."""
    rows = connection.execute(
        "select image_id, embedding from clipsql.image_embedding where image_id > %s", (last,)
    ).fetchall()
    new = np.stack([row[1].to_numpy().astype(np.float32) for row in rows])
    similar = new @ matrix.T
    places = np.argwhere(similar >= THRESHOLD)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into found values (%s, %s, %s)",
            [(int(watch) + 1, rows[row][0], float(similar[row, watch])) for row, watch in places],
        )


def search(connection: Connection, vectors: NDArray[np.float16], last: int) -> None:
    """What a program does that asks for each watch."""
    for vector in vectors:
        connection.execute(
            "select image_id from clipsql.search(%s::halfvec::vector, 100, min_similarity => %s,"
            " only_images => array(select image_id from clipsql.image where image_id > %s))",
            (HalfVector(vector.astype(np.float32)), THRESHOLD, last),
        ).fetchall()


def pairs(connection: Connection, table: str) -> set[tuple[int, int]]:
    return set(connection.execute(f"select watch_id, image_id from {table}".encode()).fetchall())  # type: ignore[arg-type]  # noqa: S608


def add_watches(connection: Connection, count: int) -> NDArray[np.float16]:
    """Watches for random directions, by COPY: numbered from 1 in the order of the rows that are returned."""
    random = np.random.default_rng(1)
    vectors = random.standard_normal((count, DIMENSIONS)).astype(np.float32)
    halves: NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float16
    )
    connection.execute(
        "insert into clipsql.watch_list (name, owner, model_id, filters, timezone, min_similarity)"
        " select n::text, current_user, 1, '{}', 'UTC', %s from generate_series(1, %s) as n order by n",
        (THRESHOLD, count),
    )
    with connection.cursor().copy(
        "copy clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity)"
        " from stdin (format binary)"
    ) as copy:
        copy.set_types(["int4", "int8", "int4", "halfvec", "float8"])
        for number, half in enumerate(halves):
            copy.write_row((1, number + 1, 1, HalfVector(half.astype(np.float32)), THRESHOLD))
    connection.execute("vacuum analyze clipsql_private.watch_vector")
    return halves


if __name__ == "__main__":
    main()
