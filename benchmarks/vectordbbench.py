"""Have the runners of VectorDBBench (PyPI: vectordb-bench) search clipsql and bare pgvector on the same vectors.

    python benchmarks/vectordbbench.py --rows 100000 --bench-python /path/to/venv/bin/python

Its own data sets are downloads; these are the vectors of filtered_search_data.py, offline. Its client for pgvector is
as it comes, its filters are its own: the number of a picture is at least so much (clipsql keeps it as a time).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from filtered_search_data import make_pictures, prepare

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer

_RATES = (0.0, 0.5, 0.9, 0.99)
_K = 10


def main() -> None:
    """Load both, run the other interpreter, print its table."""
    arguments = _arguments()
    pictures, queries = make_pictures(arguments.rows, queries=arguments.queries, seed=1)
    similarities = queries @ pictures.vectors.T
    neighbours = {}
    for rate in _RATES:
        passing = pictures.moment >= rate * arguments.rows
        best = np.argsort(-np.where(passing, similarities, -2), axis=1, kind="stable")[:, :_K]
        neighbours[f"neighbours_{rate}"] = pictures.moment[best]
    with tempfile.TemporaryDirectory(prefix="vectordb-bench-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)
        np.savez(
            folder / "data.npz",
            vectors=pictures.vectors,
            moment=pictures.moment,
            queries=queries,
            rates=_RATES,
            **neighbours,
        )
        server = EmbeddedServer(folder / "server")
        try:
            url = server.start()
            engine = create_engine(url)
            migrating.upgrade(engine)
            prepare(engine, url, pictures)
            engine.dispose()
            (folder / "settings.json").write_text(
                json.dumps({"url": url, "k": _K, "seconds": arguments.seconds, "clients": arguments.clients})
            )
            script = Path(__file__).with_name("vectordbbench_runs.py")
            subprocess.run([arguments.bench_python, script, folder], check=True, cwd=folder)  # it writes logs
        finally:
            server.remove()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200, help="half pictures and half texts")
    parser.add_argument("--clients", type=int, default=4, help="processes that search at once")
    parser.add_argument("--seconds", type=int, default=10, help="for each run of many clients")
    parser.add_argument("--bench-python", required=True, help="an interpreter with vectordb-bench[pgvector]")
    return parser.parse_args()


if __name__ == "__main__":
    main()
