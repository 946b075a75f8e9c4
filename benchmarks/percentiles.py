"""Percentiles: what they cost in a search of a large collection, and whether they are true within their stated error.

    python benchmarks/percentiles.py --rows 100000
    python benchmarks/percentiles.py --vectors ../shared/data/vectors

With --rows the collection is made as in filtered_search_data.py; with --vectors it is the real embeddings of 2,148
nouns, and the queries are 537 photographs and 500 captions under the same model.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psycopg
from filtered_search_data import Pictures, load, make_pictures
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from sqlalchemy.engine import Engine

from clipsql.db import percentile_samples
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer

_RANKED = """
    select count(*)
    from clipsql_private.nearest(
        %s::vector, 10, jsonb_populate_record(null::clipsql_private.search_filter, '{}'),
        clipsql_private.resolve_model(null))
"""
_BACKGROUND = """
    select b.size
    from clipsql_private.percentile_basis(array[%s::halfvec], null, 0.5, clipsql_private.resolve_model(null)) as b
"""
_SEARCH = "select image_id, percentile, percentile_error from clipsql.search(%s::vector{options})"


def main() -> None:
    """Print one table of costs and one of calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--vectors", type=Path, help="folder of real vectors, instead of made ones")
    given = parser.parse_args()
    if given.vectors is None:
        pictures, queries = make_pictures(given.rows, queries=given.queries, seed=7)
    else:
        nouns = np.load(given.vectors / "vitb32_nouns.npz")["vec"].astype(np.float16).astype(np.float32)
        pictures = Pictures(nouns, np.random.default_rng(0).permutation(len(nouns)))
        names = ("vitb32_images.npz", "vitb32_flickr_captions.npz")
        queries = np.concatenate([np.load(given.vectors / name)["vec"] for name in names])
    home = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    home.chmod(0o711)
    server = EmbeddedServer(home)
    try:
        engine = create_engine(server.start())
        migrating.upgrade(engine)
        model = add_model(
            engine, name="benchmark", location="benchmark", revision="1", dimensions=512, logit_scale=100.0
        )
        with _connect(engine) as connection:
            load(connection, pictures, model_name=model.name)
        with _connect(engine) as connection:
            connection.execute("vacuum analyze")
        ensure_index(engine, model, table="image_embedding")
        started = time.perf_counter()
        percentile_samples.refresh(engine, model)
        print(f"Sampling took {time.perf_counter() - started:.1f} s.\n")
        with _connect(engine) as connection:
            connection.execute("vacuum analyze")
            show_costs(connection, queries)
            show_calibration(connection, pictures.vectors, queries)
        engine.dispose()
    finally:
        server.remove()


def show_costs(connection: psycopg.Connection, queries: NDArray[np.float32]) -> None:
    """CPU milliseconds of the server for a search and for its ranking alone; other programs leave them alike."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat")

    def cpu_ms() -> float:
        user, system = stat.read_text("utf-8").rpartition(")")[2].split()[11:13]
        return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    rounds = {
        "ranking alone": _RANKED,
        "percentiles alone": _BACKGROUND,
        "search": _SEARCH.format(options=""),
        "search, folded above 0.97": _SEARCH.format(options=", distinct_above => 0.97"),
    }
    connection.execute("set max_parallel_workers_per_gather = 0")  # whose time would be counted elsewhere
    print("| | CPU ms |\n|---|---|")
    for name, statement in rounds.items():
        for query in queries[:10]:
            connection.execute(statement.encode(), (query,), prepare=True).fetchall()
        before = cpu_ms()
        for _ in range(5):
            for query in queries:
                connection.execute(statement.encode(), (query,), prepare=True).fetchall()
        print(f"| {name} | {(cpu_ms() - before) / (5 * len(queries)):.2f} |")
    print()


def show_calibration(
    connection: psycopg.Connection, vectors: NDArray[np.float32], queries: NDArray[np.float32]
) -> None:
    """Share of the pictures that pass min_percentile, and how often the true percentile lies within the error."""
    first = connection.execute("select min(image_id) from clipsql.image").fetchone()
    assert first is not None
    lengths = np.linalg.norm(vectors, axis=1)
    print("| min_percentile | pictures that pass | least and most | within the error | stated error |")
    print("|---|---|---|---|---|")
    for least in (50, 90, 95, 99):
        shares, within, errors = [], [], []
        for query in queries[:: max(1, len(queries) // 40)]:
            options = f", {len(vectors)}, min_percentile => {least}"
            rows = connection.execute(_SEARCH.format(options=options).encode(), (query,)).fetchall()
            similarities = vectors @ query / lengths
            order = np.sort(similarities)
            ids = np.array([row[0] for row in rows]) - first[0]
            true = 100 * np.searchsorted(order, similarities[ids]) / len(vectors)
            told, error = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
            shares.append(100 * len(rows) / len(vectors))
            within.append(np.mean(np.abs(told - true) <= error))
            errors.append(error[-1])
        print(
            f"| {least} | {np.mean(shares):.2f} % | {min(shares):.2f} to {max(shares):.2f} % |"
            f" {np.mean(within):.1%} | ±{np.mean(errors):.2f} |"
        )


def _connect(engine: Engine) -> psycopg.Connection:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(url, autocommit=True)
    register_vector(connection)
    return connection


if __name__ == "__main__":
    main()
