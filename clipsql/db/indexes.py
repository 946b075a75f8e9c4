"""Build the HNSW index of a model's partition, fast and once."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, partition
from clipsql.db.statements import driver_connection

_GRAPH_BYTES_PER_ROW = 300
"""HNSW graph beside each vector at m = 16: neighbour lists and element headers, rounded up."""

_MOST_BUILD_MEMORY_MB = 2048
"""A build that outgrows this spills and slows down, but a small server stays alive."""


def index_name(table: str, model_id: int) -> str:
    """Name of the HNSW index over one model's partition of an embedding table."""
    return f"{table}_{model_id}_hnsw"


def ensure_index(
    engine: Engine, model: ModelRow, *, table: str, on_build: Callable[[int], None] = lambda _rows: None
) -> bool:
    """Build the HNSW index of a model's partition when it has rows and no index yet; True when it was built.

    A plain build in one transaction: a crash leaves no half index, readers go on, writers wait.
    `on_build` is told the number of rows before the build begins.
    """
    with database_errors(engine), engine.begin() as connection:
        driver = driver_connection(connection)
        name = index_name(table, model.model_id)
        rows = _rows_without_index(driver, table, model.model_id)
        if rows == 0:
            return False
        on_build(rows)
        statement = sql.SQL(
            "create index {name} on {partition} using hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops)"
        ).format(
            name=sql.Identifier(name),
            partition=partition(table, model.model_id),
            dimensions=sql.Literal(model.dimensions),
        )
        _set_build_options(driver, rows=rows, dimensions=model.dimensions)
        try:
            with driver.transaction():
                driver.execute(statement)
        except psycopg.errors.DiskFull:
            # A parallel build keeps the graph in /dev/shm, which containers make small; a serial one does not.
            driver.execute("set local max_parallel_maintenance_workers = 0")
            driver.execute(statement)
        return True


def _rows_without_index(driver: psycopg.Connection[tuple[int]], table: str, model_id: int) -> int:
    """Rows of a partition that has no HNSW index; 0 when there is one."""
    row = driver.execute(
        sql.SQL(
            "select case when to_regclass({index}) is null then count(*) else 0 end from {partition}"
        ).format(
            index=sql.Literal(f"clipsql.{index_name(table, model_id)}"), partition=partition(table, model_id)
        )
    ).fetchone()
    assert row is not None
    return row[0]


def _set_build_options(driver: psycopg.Connection[tuple[int]], *, rows: int, dimensions: int) -> None:
    """Memory for the whole graph and half of the server's parallel workers, never less than the server's own."""
    needed_mb = min(_MOST_BUILD_MEMORY_MB, rows * (2 * dimensions + _GRAPH_BYTES_PER_ROW) // 2**20 + 1)
    driver.execute(
        """
        select set_config('maintenance_work_mem',
                          greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1048576, %s) || 'MB', true),
               set_config('max_parallel_maintenance_workers',
                          greatest(current_setting('max_parallel_maintenance_workers')::integer,
                                   current_setting('max_parallel_workers')::integer / 2)::text, true)
        """,
        (needed_mb,),
    )
