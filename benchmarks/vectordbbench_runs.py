"""Run VectorDBBench's serial and concurrent searches on clipsql and pgvector, in a Python that has vectordb-bench.

    python vectordbbench_runs.py FOLDER

FOLDER holds data.npz and settings.json of vectordbbench.py. pgvector is asked with the least ef_search whose recall
reaches that of clipsql less 0.005, or with the widest.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from vectordb_bench.backend.clients.api import MetricType, VectorDB
from vectordb_bench.backend.clients.pgvector.config import PgVectorHNSWConfig
from vectordb_bench.backend.clients.pgvector.pgvector import PgVector
from vectordb_bench.backend.filter import Filter, FilterOp, NewIntFilter, non_filter
from vectordb_bench.backend.runner import MultiProcessingSearchRunner, SerialSearchRunner

_FIRST_DAY = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_WIDTHS = (40, 100, 200, 400, 800)


class ClipSQL(VectorDB):
    """What VectorDBBench needs to know of a loaded clipsql database."""

    supported_filter_types: ClassVar[list[FilterOp]] = [FilterOp.NonFilter, FilterOp.NumGE]
    thread_safe = False
    name = "clipsql"

    def __init__(self, url: str, moment: Any) -> None:
        self.url = url
        self.moment = moment
        self.least: dt.datetime | None = None

    @contextmanager
    def init(self) -> Iterator[None]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            register_vector(connection)
            row = connection.execute("select min(image_id) from clipsql.image").fetchone()
            self.first = row[0]
            self.connection = connection
            yield
        del self.connection

    def prepare_filter(self, filters: Filter) -> None:
        self.least = (
            None
            if filters.type == FilterOp.NonFilter
            else _FIRST_DAY + dt.timedelta(minutes=filters.int_value)
        )

    def search_embedding(self, query: list[float], k: int = 100, **_: Any) -> list[int]:
        rows = self.connection.execute(
            "select s.image_id from clipsql.search(%s::vector, %s, taken_from => %s) as s",
            (HalfVector(query), k, self.least),
            prepare=True,
            binary=True,
        )
        return [int(self.moment[row[0] - self.first]) for row in rows]

    def insert_embeddings(self, *_: Any, **__: Any) -> tuple[int, Exception | None]:
        raise NotImplementedError("vectordbbench.py has loaded them")

    def optimize(self, data_size: int | None = None) -> None:
        """Built as it was loaded."""


def main() -> None:
    """Print one line for each filter and store."""
    folder = Path(sys.argv[1])
    data = dict(np.load(folder / "data.npz"))
    settings = json.loads((folder / "settings.json").read_text())
    ours = ClipSQL(settings["url"], data["moment"])
    _load_pgvector(settings["url"], data)
    print("| filter | store | recall@10 | one client: p50 / p99 ms | clients: searches/s |")
    print("| --- | --- | --- | --- | --- |")
    for rate in data["rates"].tolist():
        filters = (
            non_filter
            if rate == 0
            else NewIntFilter(filter_rate=rate, int_value=int(rate * len(data["moment"])))
        )
        truth = data[f"neighbours_{rate}"].tolist()
        wanted = _report("clipsql", ours, filters, truth, data, settings)
        for width in _WIDTHS:
            theirs = _pgvector(settings["url"], width=width)
            if _serial(theirs, filters, truth, data, settings)[0] >= wanted - 0.005 or width == _WIDTHS[-1]:
                _report(f"pgvector, ef_search {width}", theirs, filters, truth, data, settings)
                break


def _report(
    name: str, store: VectorDB, filters: Filter, truth: Any, data: dict[str, Any], settings: dict[str, Any]
) -> float:
    recall, p50, p99 = _serial(store, filters, truth, data, settings)
    runner = MultiProcessingSearchRunner(
        store,
        data["queries"].tolist(),
        k=settings["k"],
        filters=filters,
        concurrencies=[settings["clients"]],
        duration=settings["seconds"],
    )
    per_second = runner.run()[0]
    share = f"{1 - filters.filter_rate:.0%}"
    print(
        f"| {share} | {name} | {recall:.3f} | {1000 * p50:.1f} / {1000 * p99:.1f} |"
        f" {settings['clients']} clients: {per_second:.0f} |",
        flush=True,
    )
    return recall


def _serial(
    store: VectorDB, filters: Filter, truth: Any, data: dict[str, Any], settings: dict[str, Any]
) -> tuple[float, float, float]:
    runner = SerialSearchRunner(store, data["queries"].tolist(), truth, k=settings["k"], filters=filters)
    (recall, _, p99, _, p50, _), _ = runner.run()
    return recall, p50, p99


def _load_pgvector(url: str, data: dict[str, Any]) -> None:
    store = _pgvector(url, drop_old=True)
    order = np.argsort(data["moment"])
    with store.init():
        for start in range(0, len(order), 5000):
            rows = order[start : start + 5000]
            done, error = store.insert_embeddings(data["vectors"][rows], data["moment"][rows])
            if error is not None or done != len(rows):
                raise RuntimeError(f"pgvector took {done} of {len(rows)} rows: {error}")
        store.optimize()
        store.conn.commit()
        store.conn.autocommit = True
        store.cursor.execute("vacuum analyze vdbbench_table_test")


def _pgvector(url: str, *, width: int = 40, drop_old: bool = False) -> PgVector:
    parts = urlsplit(url)
    return PgVector(
        dim=512,
        db_config={
            "connect_config": {
                "host": parts.hostname,
                "port": parts.port,
                "dbname": parts.path[1:],
                "user": parts.username,
                "password": parts.password,
            },
            "table_name": "vdbbench_table_test",
        },
        db_case_config=PgVectorHNSWConfig(
            metric_type=MetricType.COSINE,
            m=16,
            ef_construction=200,
            ef_search=width,
            quantization_type="halfvec",
            table_quantization_type="vector",  # it cannot send half precision to a table
            maintenance_work_mem="1GB",
        ),
        drop_old=drop_old,
    )


if __name__ == "__main__":
    main()
