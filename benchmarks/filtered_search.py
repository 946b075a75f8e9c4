"""Filtered search at every selectivity: clipsql.search beside exact SQL, plain HNSW, iterative HNSW and other stores.

    python benchmarks/filtered_search.py --rows 200000 --output results.md
    python benchmarks/filtered_search.py --rows 200000 --peers-python /path/to/venv/bin/python

Vectors and filters are described in filtered_search_data.py. Every method of PostgreSQL answers the same queries under
the same filters, one after the other for each query, so that a busy machine slows all of them alike. Other stores, and
clipsql.search beside them, answer alone, all queries of a cell one after the other: nobody else's pages are in the way.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from filtered_search_clients import measure_clients
from filtered_search_data import (
    KINDS,
    SHARES,
    Filter,
    Pictures,
    make_filter,
    make_pictures,
    prepare,
)
from filtered_search_methods import METHODS, SEARCH, WALK, Method, condition
from filtered_search_tables import client_table, peer_table, strategy_table
from numpy.typing import NDArray
from pgvector.psycopg import register_vector

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer


@dataclass
class Cell:
    """What one method did with one share, kind and k."""

    method: str
    share: float
    kind: str
    k: int
    milliseconds: list[float] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)

    def forget_first(self) -> None:
        """Drop what came first."""
        for values in (self.milliseconds, self.recalls, self.returned):
            del values[0]


def main() -> None:
    arguments = _arguments()
    print(f"making {arguments.rows} vectors", file=sys.stderr)
    pictures, queries = make_pictures(arguments.rows, queries=arguments.queries, seed=1)
    similarities = queries @ pictures.vectors.T
    with tempfile.TemporaryDirectory(prefix="filtered-search-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        server = EmbeddedServer(folder / "server")
        try:
            report, alone = _run(server.start(), pictures, queries, similarities, arguments)
            _write(report, arguments)
            if arguments.peers_python:
                found = _peers(Path(temporary), pictures, queries, similarities, arguments)
                _write(report + peer_table(found, alone), arguments)
        finally:
            if arguments.folder:
                server.stop()
            else:
                server.remove()


def _write(report: str, arguments: argparse.Namespace) -> None:
    print(report, flush=True)
    if arguments.output:
        arguments.output.write_text(report, encoding="utf-8")


def _run(
    url: str,
    pictures: Pictures,
    queries: NDArray[np.float32],
    similarities: NDArray[np.float32],
    arguments: argparse.Namespace,
) -> tuple[str, list[Cell]]:
    engine = create_engine(url)
    migrating.upgrade(engine)
    prepare(engine, url, pictures)
    with psycopg.connect(url, autocommit=True) as connection:
        register_vector(connection)
        first_id = connection.execute("select min(image_id) from clipsql.image").fetchone()
        assert first_id is not None
        cells, alone = _measure(connection, pictures, queries, similarities, first_id[0], arguments)
        overhead = _overhead(connection, queries)
    clients = measure_clients(url, queries, clients=8, seconds=arguments.client_seconds)
    engine.dispose()
    version = f"{arguments.rows:,} rows, {arguments.queries} queries a cell"
    return "\n".join((f"{version}\n", strategy_table(cells), overhead, client_table(clients), "")), alone


def _measure(
    connection: psycopg.Connection,
    pictures: Pictures,
    queries: NDArray[np.float32],
    similarities: NDArray[np.float32],
    first_id: int,
    arguments: argparse.Namespace,
) -> tuple[list[Cell], list[Cell]]:
    """Every method on every share, kind and k; and clipsql.search alone, for ten."""
    random = np.random.default_rng(2)
    cells, alone = [], []
    for share in arguments.shares:
        for kind in KINDS if share < 1 else KINDS[:1]:
            here = {
                (method.name, k): Cell(method.name, share, kind, k) for k in (10, 100) for method in METHODS
            }
            asked = []
            for number, query in enumerate(queries):
                chosen = make_filter(kind, share, similarities[number], random=random)
                matching = np.flatnonzero(chosen.mask(pictures))
                ranked = matching[np.argsort(-similarities[number, matching], kind="stable")]
                for k in (10, 100):
                    expected = {first_id + int(row) for row in ranked[:k]}
                    # In turn, because the first one to look at pages and vectors warms them for the others.
                    first = number % len(METHODS)
                    for method in (*METHODS[first:], *METHODS[:first]):
                        cell = here[method.name, k]
                        _ask(connection, method, query, chosen, expected, cell, rows=len(pictures.vectors))
                    if k == 10:
                        asked.append((query, chosen, expected))
            cells += here.values()
            alone.append(Cell(METHODS[0].name, share, kind, 10))
            # The first one brings back what other methods drove out.
            for one in (asked[0], *asked):
                _ask(connection, METHODS[0], *one, alone[-1], rows=len(pictures.vectors))
            alone[-1].forget_first()
            print(
                f"{share:.2%} {kind}: {_line(here[METHODS[0].name, 10])}; alone {_line(alone[-1])}",
                file=sys.stderr,
            )
    return cells, alone


def _ask(
    connection: psycopg.Connection,
    method: Method,
    query: NDArray[np.float32],
    chosen: Filter,
    expected: set[int],
    cell: Cell,
    *,
    rows: int,
) -> None:
    clause, values = condition(chosen, rows, cell.share, is_search=method.statement == SEARCH)
    with connection.transaction():
        for setting in method.settings:
            connection.execute(f"set local {setting}")
        began = time.perf_counter()
        found = connection.execute(
            method.statement.format(filter=clause), {"query": query, "k": cell.k, **values}
        ).fetchall()
        cell.milliseconds.append(1000 * (time.perf_counter() - began))
    ids = {row[1] if method.statement == SEARCH else row[0] for row in found}
    cell.returned.append(len(found) / len(expected))
    cell.recalls.append(len(ids & expected) / len(expected))


def _overhead(connection: psycopg.Connection, queries: NDArray[np.float32]) -> str:
    """The unfiltered search beside an index walk of so many rows as bare SQL: it adapts its own to the query."""
    times: dict[str, list[float]] = {"clipsql.search": [], "bare SQL": []}
    connection.execute("set hnsw.ef_search = 400")  # what texts take up to 200,000 rows
    for _ in range(3):
        for query in queries:
            for name, statement in (("clipsql.search", SEARCH), ("bare SQL", WALK)):
                text = statement.format(filter="" if statement == SEARCH else "true")
                began = time.perf_counter()
                connection.execute(text, {"query": query, "k": 10}).fetchall()
                times[name].append(1000 * (time.perf_counter() - began))
    connection.execute("reset hnsw.ef_search")
    searched, bare = (float(np.median(times[name])) for name in ("clipsql.search", "bare SQL"))
    return (
        f"Unfiltered, k = 10: clipsql.search {searched:.2f} ms, a walk of 400 rows as bare SQL {bare:.2f} ms, "
        f"overhead {searched - bare:.2f} ms ({searched / bare - 1:.0%}).\n"
    )


def _peers(
    folder: Path,
    pictures: Pictures,
    queries: NDArray[np.float32],
    similarities: NDArray[np.float32],
    arguments: argparse.Namespace,
) -> list[dict[str, Any]]:
    """FAISS, LanceDB and Chroma on the same vectors and filters, in an interpreter of their own."""
    random = np.random.default_rng(2)
    filters, truths = [], []
    for share in arguments.shares:
        for kind in KINDS if share < 1 else KINDS[:1]:
            for number in range(len(queries)):
                chosen = make_filter(kind, share, similarities[number], random=random)
                matching = np.flatnonzero(chosen.mask(pictures))
                nearest = matching[np.argsort(-similarities[number, matching], kind="stable")][:10]
                filters.append(
                    (share, KINDS.index(kind), number, chosen.by_moment, chosen.first, chosen.last)
                )
                truths.append(np.pad(nearest, (0, 10 - len(nearest)), constant_values=-1))
    np.savez(
        folder / "peers.npz",
        vectors=pictures.vectors,
        moment=pictures.moment,
        queries=queries,
        filters=np.array(filters),
        truths=np.array(truths),
    )
    script = Path(__file__).with_name("filtered_search_peers.py")
    lines = []
    for peer in arguments.peers:
        with suppress(subprocess.TimeoutExpired), (folder / f"{peer}.jsonl").open("w") as output:
            subprocess.run(
                [arguments.peers_python, script, folder, peer],
                check=True,
                stdout=output,
                timeout=60 * arguments.peer_minutes,
                env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
            )
        lines += (folder / f"{peer}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _line(cell: Cell) -> str:
    recall, least = np.mean(cell.recalls), min(cell.recalls)
    return f"p50 {np.median(cell.milliseconds):.1f} ms, recall {recall:.3f}, least {least:.2f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=20, help="per cell, half pictures and half texts")
    parser.add_argument("--shares", type=float, nargs="*", default=SHARES)
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep the loaded server there for further runs",
    )
    parser.add_argument("--output", type=Path, help="write the tables to this file too")
    parser.add_argument("--client-seconds", type=float, default=20)
    parser.add_argument("--peers-python", help="an interpreter with faiss-cpu, lancedb and chromadb")
    parser.add_argument("--peers", nargs="*", default=["faiss", "lancedb", "chroma"])
    parser.add_argument("--peer-minutes", type=float, default=20, help="for each of them, loading included")
    return parser.parse_args()


if __name__ == "__main__":
    main()
