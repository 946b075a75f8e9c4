"""Many clients search at once through psycopg's pool."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import numpy as np
import psycopg
from filtered_search_data import FIRST_DAY
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg import sql

_FILTERS = (
    "",
    ", taken_from => %(from)s, taken_until => %(until)s",
    ', taken_until => %(until)s, having_metadata => \'{"camera": "K7"}\'',
    ", near_longitude => %(longitude)s, near_latitude => 10, within_m => 3e6",
    ", near_longitude => %(longitude)s, near_latitude => -10, within_m => 5e6, taken_until => %(until)s,"
    " having_metadata => '{\"lens\": 3}'",
)


def measure_clients(
    url: str, queries: NDArray[np.float32], *, clients: int, seconds: float
) -> dict[str, Any]:
    """Searches per second of `clients` threads, their latencies, errors and answers of fewer than 10 rows."""
    try:
        from psycopg_pool import ConnectionPool
    except ImportError:
        return {"reason": "psycopg_pool is not installed"}
    times: list[float] = []
    errors: list[str] = []
    short = [0]
    ends = time.perf_counter() + seconds

    def search(pool: ConnectionPool[Any], seed: int) -> None:
        random = np.random.default_rng(seed)
        while time.perf_counter() < ends:
            start = int(random.integers(100_000))
            values = {
                "query": queries[random.integers(len(queries))],
                "from": FIRST_DAY + dt.timedelta(minutes=start),
                "until": FIRST_DAY + dt.timedelta(minutes=start + int(10 ** random.uniform(3, 5))),
                "longitude": float(random.uniform(-180, 180)),
            }
            chosen = _FILTERS[random.integers(len(_FILTERS))]
            began = time.perf_counter()
            try:
                with pool.connection() as connection:
                    rows = connection.execute(
                        sql.SQL("select image_id from clipsql.search(%(query)s::vector{})").format(
                            sql.SQL(chosen)
                        ),
                        values,
                    ).fetchall()
                short[0] += len(rows) < 10 and chosen == ""
            except psycopg.Error as error:
                errors.append(str(error))
            times.append(1000 * (time.perf_counter() - began))

    with ConnectionPool(url, min_size=clients, max_size=clients, configure=register_vector) as pool:
        pool.wait()
        threads = [threading.Thread(target=search, args=(pool, seed)) for seed in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {
        "clients": clients,
        "searches": len(times),
        "per_second": len(times) / seconds,
        "p50": float(np.median(times)),
        "p95": float(np.percentile(times, 95)),
        "errors": len(errors),
        "short": short[0],
    }
