"""Measure how fast pictures with vectors made elsewhere are put, beside bare COPY and beside inserts one by one.

    python benchmarks/put.py --rows 100000

Each round fills the same tables anew, with their indexes and foreign keys: `put_many`; a bare COPY of the same columns
whose ids are known beforehand; psycopg's executemany of two inserts, of fewer rows; `clipsql ingest` of the same rows
in a Parquet file, in a process of its own. One more is a bare COPY into tables without any index or key. The table has
the median of the rounds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg.types.json import Jsonb
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.search.searcher import Searcher

DIMENSIONS = 512


def main() -> None:
    """Parse the options, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--one-by-one", type=int, default=5_000, help="rows of executemany (default 5,000)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    vectors = np.random.default_rng(1).standard_normal((options.rows, DIMENSIONS)).astype(np.float32)
    columns = {
        "url": [f"https://example.com/pictures/{number}.jpg" for number in range(options.rows)],
        "embedding": vectors,
        "metadata": [{"number": number, "brand": f"b{number % 50}"} for number in range(options.rows)],
    }
    few = {name: values[: options.one_by_one] for name, values in columns.items()}
    ways: dict[str, tuple[Callable[..., None], dict]] = {
        "put_many": (put_many, columns),
        "bare COPY, same tables": (copy_known, columns),
        "bare COPY, tables without indexes": (copy_bare, columns),
        "executemany": (insert, few),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    with temporary_database() as (engine, _), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.parquet"
        write_parquet(file, columns)
        ways["clipsql ingest"] = (partial(ingest, file), columns)
        speeds["clipsql ingest"] = []
        Searcher(engine).add_model("space", dimensions=DIMENSIONS)
        for number in range(options.rounds):
            for name, (way, given) in ways.items():
                clear(engine)
                started = time.perf_counter()
                way(engine, given)
                speed = len(given["url"]) / (time.perf_counter() - started)
                speeds[name].append(speed)
                print(f"round {number + 1}: {name}: {speed:,.0f} rows/s", flush=True)
    base = statistics.median(speeds["bare COPY, same tables"])
    print(f"\n| way | rows/s ({DIMENSIONS}-d) | of the bare COPY |\n|---|---:|---:|")
    for name, found in speeds.items():
        median = statistics.median(found)
        print(f"| {name} | {median:,.0f} | {median / base:.2f} |")


def clear(engine: Engine) -> None:
    """Empty tables, and a checkpoint, so that no round pays for the one before."""
    with psycopg.connect(_url(engine), autocommit=True) as connection:
        connection.execute("truncate clipsql.image cascade")
        connection.execute("drop table if exists bare_image, bare_embedding")
        connection.execute("create table bare_image (like clipsql.image)")
        connection.execute("create table bare_embedding (like clipsql.image_embedding)")
        connection.execute("checkpoint")


def put_many(engine: Engine, columns: dict) -> None:
    """clipsql's own."""
    Searcher(engine).put_many("shop", columns)


def write_parquet(file: Path, columns: dict) -> None:
    """The same columns as others publish them."""
    table = {
        "url": columns["url"],
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(columns["embedding"].ravel()), DIMENSIONS),
        **{name: [row[name] for row in columns["metadata"]] for name in columns["metadata"][0]},
    }
    pq.write_table(pa.table(table), file)


def ingest(file: Path, engine: Engine, _columns: dict) -> None:
    """The command, from starting Python to its summary, by a role that may write, but not build the index."""
    as_writer = engine.url.update_query_dict({"options": "-c role=clipsql_writer"})
    subprocess.run(
        (
            *(sys.executable, "-c", "from clipsql.cli import main; main()"),
            *("ingest", str(file), "--map", "embedding=embedding", "--collection", "shop"),
        ),
        env={**os.environ, "CLIPSQL_DATABASE_URL": as_writer.render_as_string(hide_password=False)},
        check=True,
        capture_output=True,
    )


def copy_known(engine: Engine, columns: dict) -> None:
    """The same columns straight into the same tables, for whom ids are no question."""
    _copy(engine, columns, "clipsql.image", "clipsql.image_embedding")


def copy_bare(engine: Engine, columns: dict) -> None:
    """The same columns into tables that nothing must be looked up in."""
    _copy(engine, columns, "bare_image", "bare_embedding")


def _copy(engine: Engine, columns: dict, images: str, embeddings: str) -> None:
    with psycopg.connect(_url(engine)) as connection:
        register_vector(connection)
        with connection.cursor().copy(
            f"copy {images} (image_id, collection, url, metadata, status, added_at) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "text", "text", "jsonb", "text", "timestamptz"])
            now = dt.datetime.now(dt.UTC)
            for number, (url, metadata) in enumerate(zip(columns["url"], columns["metadata"], strict=True)):
                copy.write_row((number, "shop", url, Jsonb(metadata), "embedded", now))
        unit = columns["embedding"] / np.linalg.norm(columns["embedding"], axis=1, keepdims=True)
        with connection.cursor().copy(
            f"copy {embeddings} (image_id, model_id, embedding) from stdin (format binary)"
        ) as copy:
            copy.set_types(["int8", "int4", "halfvec"])
            for number, vector in enumerate(unit.astype(np.float16)):
                copy.write_row((number, 1, HalfVector(vector)))


def insert(engine: Engine, columns: dict) -> None:
    """What applications do: a row at a time."""
    with psycopg.connect(_url(engine)) as connection:
        register_vector(connection)
        unit = columns["embedding"] / np.linalg.norm(columns["embedding"], axis=1, keepdims=True)
        cursor = connection.cursor()
        cursor.executemany(
            "insert into clipsql.image (image_id, collection, url, metadata, status) overriding system value"
            " values (%s, 'shop', %s, %s, 'embedded')",
            [
                (number, url, Jsonb(metadata))
                for number, (url, metadata) in enumerate(
                    zip(columns["url"], columns["metadata"], strict=True)
                )
            ],
        )
        cursor.executemany(
            "insert into clipsql.image_embedding (image_id, model_id, embedding) values (%s, 1, %s)",
            [(number, HalfVector(vector)) for number, vector in enumerate(unit)],
        )


def _url(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
