"""What keeping tenants apart costs a search: CPU time of the server beside the owner's search with the same filter.

    python benchmarks/tenants.py --rows 100000

Tenant a has half of the pictures, b a hundredth. Each way answers the same queries in turn, round after round:
the owner with in_collection; the tenant under clipsql.enable_tenants(); and the tenant under a policy with a subquery,
which leaves the searches to PostgreSQL's own row-level security on every table.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import psycopg
from filtered_search_data import load, make_pictures
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from sqlalchemy.engine import Engine

from clipsql.db import percentile_samples
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer

_FILTERS = {
    "none": "",
    "time, a tenth": ", taken_from => '2025-01-01', taken_until => '2025-01-11'",
    "metadata, an eighth": ", having_metadata => '{\"lane\": 3}'",
    "metadata, a thousandth": ", having_metadata => '{\"plate\": 77}'",
    "place, a hundredth": ", near_longitude => 10, near_latitude => 10, within_m => 700000",
}
_SEARCH = "select image_id, percentile from clipsql.search(%s::vector, 10{options})"
_SPREAD = """
    update clipsql.image set
        collection = case when image_id % 100 = 0 then 'b' when image_id % 2 = 0 then 'a' else 'c' end,
        taken_at = '2025-01-01'::timestamptz + (hashint8(image_id) & 65535) * interval '100 days' / 65536,
        metadata = jsonb_build_object('lane', hashint8(image_id + 1) & 7, 'plate', (hashint8(image_id + 2) & 1023)),
        longitude = (hashint8(image_id + 3) & 65535) * 100.0 / 65536 - 50,
        latitude = (hashint8(image_id + 4) & 65535) * 100.0 / 65536 - 50
"""
_POLICIES = {
    "tenant": "collection = current_setting('app.tenant', true)",
    "tenant, PostgreSQL's own way": "collection = (select current_setting('app.tenant', true))",
}


def main() -> None:
    """Print a table for each tenant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    pictures, queries = make_pictures(given.rows, queries=given.queries, seed=7)
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
            connection.execute(_SPREAD)
            connection.execute("alter table clipsql.image enable row level security")
            connection.execute("create policy of_tenant on clipsql.image to clipsql_reader using (false)")
            connection.execute("vacuum full analyze")
        ensure_index(engine, model, table="image_embedding")
        percentile_samples.refresh(engine, model)
        with _connect(engine) as connection:
            connection.execute("vacuum analyze")
        for tenant, share in (("a", "half"), ("b", "a hundredth")):
            print(f"Tenant with {share} of {given.rows:,} pictures, CPU ms a search (times the owner's)\n")
            print(f"| filter | owner | {' | '.join(_POLICIES)} |\n|---|---|{'---|' * len(_POLICIES)}")
            for name, options in _FILTERS.items():
                times: dict[str, list[float]] = {way: [] for way in ("owner", *_POLICIES)}
                for _ in range(given.rounds):
                    times["owner"].append(
                        _search(engine, None, f"{options}, in_collection => '{tenant}'", queries)
                    )
                    for way, policy in _POLICIES.items():
                        _apply(engine, policy)
                        times[way].append(_search(engine, tenant, options, queries))
                best = {way: min(each) for way, each in times.items()}
                cells = [f"{best[way]:.1f} ({best[way] / best['owner']:.2f})" for way in _POLICIES]
                print(f"| {name} | {best['owner']:.1f} | {' | '.join(cells)} |", flush=True)
            print()
        engine.dispose()
    finally:
        server.remove()


def _apply(engine: Engine, policy: str) -> None:
    with _connect(engine) as connection:
        connection.execute(f"alter policy of_tenant on clipsql.image using ({policy})".encode())
        connection.execute("set client_min_messages = error")
        connection.execute("select clipsql.enable_tenants()")


def _search(engine: Engine, tenant: str | None, options: str, queries: NDArray[np.float32]) -> float:
    """CPU milliseconds of the server for one search, after a warming round."""
    statement = _SEARCH.format(options=options).encode()
    with _connect(engine) as connection:
        stat = Path(f"/proc/{connection.info.backend_pid}/stat")

        def cpu_ms() -> float:
            user, system = stat.read_text("utf-8").rpartition(")")[2].split()[11:13]
            return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

        connection.execute("set max_parallel_workers_per_gather = 0")  # whose time would be counted elsewhere
        if tenant is not None:
            connection.execute("select set_config('app.tenant', %s, false)", (tenant,))
            connection.execute("set role clipsql_reader")
        for query in queries[:10]:
            connection.execute(statement, (query,), prepare=True).fetchall()
        before = cpu_ms()
        for query in queries:
            connection.execute(statement, (query,), prepare=True).fetchall()
        return (cpu_ms() - before) / len(queries)


def _connect(engine: Engine) -> psycopg.Connection:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(url, autocommit=True)
    register_vector(connection)
    return connection


if __name__ == "__main__":
    main()
