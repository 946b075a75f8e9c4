"""Build the HNSW index of a model's partition, fast and once, and tell what state it is in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.partitions import hnsw_index_name, partition
from clipsql.db.statements import Driver, driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA
from clipsql.errors import DatabaseError

_log = logging.getLogger(__name__)


_LINKS_PER_ROW = 16
_BUILD_WIDTH = 200
"""pgvector's own 64 builds 2.5 times faster, but texts then need walks 2.5 times as long for the same recall,
in every search for ever (docs/filtered-search.md)."""

_GRAPH_BYTES_PER_ROW = 720
"""What a build keeps beside each vector at m = 16: an element of 128 bytes, and 16 for each neighbour that it has room
for (HnswElementData and HnswCandidate of pgvector 0.8). The index itself takes less."""

_MOST_BUILD_MEMORY_MB = 2048
"""A build that outgrows its memory takes many times as long a row from then on, but a small server stays alive. More is
asked for of a server that is said to be large: a quarter of its effective_cache_size."""

_PROGRESS_SECONDS = 0.5


class NotTheOwner(DatabaseError):
    """An index should be built, but this role may not; `rows` are without it."""

    def __init__(self, model: ModelRow, rows: int, owner: str) -> None:
        super().__init__(
            f"The {rows:,} vectors of model {model.name} have no HNSW index, which only their owner, {owner}, "
            'can build; let that role run "clipsql index build".'
        )
        self.rows = rows


@dataclass(frozen=True, kw_only=True)
class IndexStatus:
    """The HNSW index of one model over one embedding table: `state` is valid, invalid, building or missing.

    `search_rows` is none, filling or ready, None but for pictures; `rebuild_is_due` says when to learn codes anew.
    """

    model: str
    embeddings: str
    rows: int
    state: str
    bytes: int | None
    search_rows: str | None
    rebuild_is_due: bool | None


def ensure_index(
    engine: Engine,
    model: ModelRow,
    *,
    table: str,
    rebuild: bool = False,
    on_build: Callable[[int], None] = lambda _rows: None,
    on_progress: Callable[[int], None] | None = None,
) -> bool:
    """Build the HNSW index of a model's partition when it has rows and no valid index; True when it was built.

    Raises NotTheOwner when it should be built by somebody else.
    A plain build in one transaction: a crash leaves no half index, readers go on with the old one, writers wait.
    `on_build` is told the number of rows before the build begins, `on_progress` now and then how many are done.
    """
    with database_errors(engine), engine.begin() as connection:
        driver = driver_connection(connection)
        # Two workers may be done at once; the second one then finds the index there.
        driver.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            (f"clipsql {hnsw_index_name(table, model.model_id)}",),
        )
        rows = _rows_to_index(driver, model, table, rebuild=rebuild)
        if rows == 0:
            return False
        owner = _foreign_owner(driver, model, table)
        if owner is not None:
            raise NotTheOwner(model, rows, owner)
        _log.info(
            "Building an HNSW index over %s vectors.",
            f"{rows:,}",
            extra={"table": table, "model": model.name, "rows": rows},
        )
        on_build(rows)
        _set_build_options(driver, rows=rows, dimensions=model.dimensions)
        with _watch(engine, _server_process(driver), on_progress):
            try:
                with driver.transaction():
                    _build(driver, model, table)
            except psycopg.errors.DiskFull:
                # A parallel build keeps the graph in /dev/shm, which containers make small; a serial one does not.
                driver.execute("set local max_parallel_maintenance_workers = 0")
                _build(driver, model, table)
        return True


def index_stats(engine: Engine) -> list[IndexStatus]:
    """Rows of the view clipsql.index_stats, by model, pictures before captions and regions."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select x.model, x.embeddings, x.rows, x.state, x.bytes, x.search_rows, x.rebuild_is_due"
            " from clipsql.index_stats as x order by x.model,"
            " x.embeddings <> 'image_embedding', x.embeddings"
        )
        return [IndexStatus(**row._mapping) for row in rows]


def _server_process(driver: Driver) -> int:
    """Asked, for a pooler tells a client a number of its own."""
    row = driver.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _foreign_owner(driver: Driver, model: ModelRow, table: str) -> str | None:
    """Who alone can build an index on a model's partition; None when this session can."""
    row = driver.execute(
        """
        select pg_get_userbyid(c.relowner)
        from pg_catalog.pg_class as c
        where c.oid = to_regclass(%s) and not pg_has_role(c.relowner, 'usage')
        """,
        (partition(table, model.model_id).as_string(driver),),
    ).fetchone()
    return None if row is None else str(row[0])


def _rows_to_index(driver: Driver, model: ModelRow, table: str, *, rebuild: bool) -> int:
    """Rows of a partition whose HNSW index must be built; 0 when there is nothing to do."""
    row = driver.execute(
        sql.SQL(
            """
            select case when {rebuild} or not coalesce(
                       (select x.indisvalid from pg_index as x where x.indexrelid = to_regclass({index})), false)
                   then (select count(*) from {table} as e where e.model_id = {model_id}) else 0 end
            """
        ).format(
            rebuild=sql.Literal(rebuild),
            index=sql.Literal(f"{PRIVATE_SCHEMA}.{hnsw_index_name(table, model.model_id)}"),
            table=sql.Identifier("clipsql", table),
            model_id=sql.Literal(model.model_id),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


def _build(driver: Driver, model: ModelRow, table: str) -> None:
    """Build aside and take the place of an old or invalid index, so that readers lose nothing meanwhile."""
    name = hnsw_index_name(table, model.model_id)
    names = {
        "name": sql.Identifier(name),
        "fresh": sql.Identifier(f"{name}_new"),
        "old": sql.Identifier(PRIVATE_SCHEMA, name),
        "built": sql.Identifier(PRIVATE_SCHEMA, f"{name}_new"),
        "partition": partition(table, model.model_id),
        "dimensions": sql.Literal(model.dimensions),
        "links": sql.Literal(_LINKS_PER_ROW),
        "width": sql.Literal(_BUILD_WIDTH),
    }
    for statement in (
        "create index {fresh} on {partition} using hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops)"
        " with (m = {links}, ef_construction = {width})",
        "drop index if exists {old}",
        "alter index {built} rename to {name}",
    ):
        driver.execute(sql.SQL(statement).format(**names))


@contextmanager
def _watch(engine: Engine, pid: int, on_progress: Callable[[int], None] | None) -> Iterator[None]:
    """Tell a callback, from a thread with a connection of its own, how many rows that backend has indexed."""
    if on_progress is None:
        yield
        return
    ended = threading.Event()
    question = sa.text("select p.tuples_done from pg_stat_progress_create_index as p where p.pid = :pid")

    # Opened before the build begins: a short one would else be over first.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def watch() -> None:
            while not ended.wait(_PROGRESS_SECONDS):
                done = connection.execute(question, {"pid": pid}).scalar()
                if done is not None:
                    on_progress(done)

        watcher = threading.Thread(target=watch, name="index progress", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _set_build_options(driver: Driver, *, rows: int, dimensions: int) -> None:
    """Memory for the whole graph and half of the server's parallel workers, never less than the server's own."""
    needed_mb = rows * (2 * dimensions + _GRAPH_BYTES_PER_ROW) // 2**20 + 1
    driver.execute(
        """
        select set_config('maintenance_work_mem',
                          greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1048576, least(%s, greatest(
                              %s, pg_size_bytes(current_setting('effective_cache_size')) / 4194304))) || 'MB', true),
               set_config('max_parallel_maintenance_workers',
                          greatest(current_setting('max_parallel_maintenance_workers')::integer,
                                   current_setting('max_parallel_workers')::integer / 2)::text, true)
        """,
        (needed_mb, _MOST_BUILD_MEMORY_MB),
    )
