"""Make a model's search rows while searches and writers go on: learn a basis for codes, fill, index and use them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.partitions import partition
from clipsql.db.statements import Driver, autocommit_connection, driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA

_log = logging.getLogger(__name__)

LEAST_ROWS = 20_000
"""Fewer are compared by their whole vectors in some ten milliseconds."""

_WHOLE_UP_TO = 128
"""Vectors that are no longer are codes themselves."""

_LENGTHS = (128, 192, 256)
_MOST_LEFT_OUT = 0.05
"""Of the squared length; a longer code is taken until no more is left out (docs/filtered-search.md)."""

_LEARN_FROM = 20_000
_MOST_NUMBERS = 20_000_000  # 80 MB of them
_BATCH = 5_000


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Orthonormal directions (length of a code x dimensions, float32; none where vectors are codes themselves)."""

    directions: NDArray[np.float32]
    left_out: float
    cone: float


def ensure_search_rows(
    engine: Engine,
    model: ModelRow,
    *,
    rebuild: bool = False,
    least_rows: int = LEAST_ROWS,
    on_build: Callable[[int], None] = lambda _rows: None,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> bool:
    """Make the search rows of a model that has many pictures and none yet, or learn them anew; True when it did.

    Writers wait for two short moments. What a run leaves unfinished the next one goes on with. A role that is not the
    owner of the tables makes none.
    """
    with database_errors(engine), engine.begin() as connection:
        basis_id = _begin(driver_connection(connection), model, rebuild=rebuild, least_rows=least_rows)
    if basis_id is None:
        return False
    with database_errors(engine), engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select count(*) from clipsql.image_embedding as e where e.model_id = %s", (model.model_id,)
        ).scalar_one()
    on_build(rows)
    _log.info("Making search rows of %s pictures.", f"{rows:,}", extra={"model": model.name, "rows": rows})
    done, last = 0, -1
    while True:
        with database_errors(engine), engine.begin() as connection:
            reached = (
                driver_connection(connection)
                .execute("select clipsql_private.fill_search_rows(%s, %s, %s)", (basis_id, last, _BATCH))
                .fetchone()
            )
        if reached is None or reached[0] is None:
            break
        last = reached[0]
        done = min(rows, done + _BATCH)
        on_progress(done)
    with database_errors(engine), engine.begin() as connection:
        driver_connection(connection).execute("select clipsql_private.end_basis(%s)", (basis_id,))
    with autocommit_connection(engine) as connection:
        # So that their indexes are read without them.
        connection.execute(
            sql.SQL("vacuum (analyze) {}").format(sql.Identifier(PRIVATE_SCHEMA, f"search_row_{basis_id}"))
        )
    return True


def learn(vectors: NDArray[np.float32]) -> Basis:
    """The mean direction of unit vectors (n x dimensions, float32), and principal directions at right angles to it.

    The length of the code follows from what it leaves out of every fifth vector, which the directions are not learned
    from. Jolliffe, Principal Component Analysis (2002).
    """
    held_out = np.arange(len(vectors)) % 5 == 0
    seen = ~held_out if len(vectors) >= 5 else held_out | True
    mean = vectors[seen].mean(axis=0)
    cone = float(np.linalg.norm(mean))
    if vectors.shape[1] <= _WHOLE_UP_TO:
        return Basis(directions=np.empty((0, vectors.shape[1]), np.float32), left_out=0.0, cone=cone)
    first = mean / max(cone, 1e-12)
    rest = vectors[seen] - np.outer(vectors[seen] @ first, first)
    principal = _principal_directions(rest - rest.mean(axis=0), _LENGTHS[-1] - 1)
    # Orthonormal for certain, in float64, with the mean first.
    orthonormal, triangle = np.linalg.qr(np.column_stack([first, principal]).astype(np.float64))
    directions = (orthonormal * np.sign(np.diag(triangle))).T
    squared = (vectors[held_out] @ directions.T) ** 2
    lengths = [length for length in _LENGTHS if length <= len(directions)] or [len(directions)]
    left_out = [1 - float(squared[:, :length].sum(axis=1).mean()) for length in lengths]
    chosen = next((n for n, left in enumerate(left_out) if left <= _MOST_LEFT_OUT), len(lengths) - 1)
    return Basis(
        directions=directions[: lengths[chosen]].astype(np.float32),
        left_out=max(0.0, left_out[chosen]),
        cone=cone,
    )


def _principal_directions(rest: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The leading right singular vectors (dimensions x count, or fewer) by randomized subspace iteration.

    Halko, Martinsson and Tropp, Finding structure with randomness (2011), algorithm 4.4: seconds where a full
    decomposition of 4,000 dimensions takes a minute.
    """
    dimensions = rest.shape[1]
    spare, iterations = 10, 4
    subspace = np.random.default_rng(0).standard_normal((dimensions, min(dimensions, count + spare)))
    subspace = subspace.astype(np.float32)
    for _ in range(iterations):
        subspace, _ = np.linalg.qr(rest.T @ (rest @ subspace))
    seen = rest @ subspace
    _, turn = np.linalg.eigh(seen.T @ seen)
    directions: NDArray[np.float32] = (subspace @ turn[:, ::-1])[:, : min(count, dimensions - 1)]
    return directions


def _begin(driver: Driver, model: ModelRow, *, rebuild: bool, least_rows: int) -> int | None:
    """The basis whose rows are to be filled, a new one or what an earlier run left; None when nothing is to be done."""
    driver.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"search rows of clipsql {model.model_id}",)
    )
    row = driver.execute(
        """
        select pg_has_role(c.relowner, 'usage') and not row_security_active('clipsql.image'),
            (select b.basis_id from clipsql_private.code_basis as b where b.model_id = %(model)s and b.state = 'filling'
             order by b.basis_id desc limit 1),
            exists (select from clipsql_private.code_basis as b where b.model_id = %(model)s and b.state = 'ready'),
            (select count(*) from (
                select from clipsql.image_embedding as e where e.model_id = %(model)s limit %(least)s) as e)
        from pg_catalog.pg_class as c
        where c.oid = 'clipsql_private.search_row'::regclass
        """,
        {"model": model.model_id, "least": least_rows},
    ).fetchone()
    assert row is not None
    is_owner, unfinished, is_there, rows = row
    if is_owner:
        driver.execute(
            "select clipsql_private.drop_search_rows(%s, now() - interval '10 minutes')", (model.model_id,)
        )
    if not is_owner or (is_there and unfinished is None and not rebuild) or rows < max(1, least_rows):
        return None
    if unfinished is not None:
        return int(unfinished)
    vectors = _sample(driver, model)
    basis = learn(vectors)
    begun = driver.execute(
        "select clipsql_private.begin_basis(%s, %s::halfvec[], %s, %s, %s)",
        (
            model.model_id,
            [HalfVector(direction) for direction in basis.directions],
            basis.left_out,
            basis.cone,
            len(vectors),
        ),
    ).fetchone()
    assert begun is not None
    return int(begun[0])


def _sample(driver: Driver, model: ModelRow) -> NDArray[np.float32]:
    """Stored vectors of a model (n x dimensions, float32, unit length), spread evenly over the table."""
    wanted = min(_LEARN_FROM, _MOST_NUMBERS // model.dimensions)
    statement = sql.SQL("select e.embedding from {} as e {} limit {}")
    table = partition("image_embedding", model.model_id)
    places = sql.SQL("where e.ctid = any (clipsql_private.spread_rows({}, {}))").format(
        sql.Literal(table.as_string(driver)), sql.Literal(wanted)
    )
    for which in (places, sql.SQL("")):  # a table with many gaps has too few in those places
        found = driver.execute(statement.format(table, which, sql.Literal(wanted)), binary=True).fetchall()
        if len(found) >= wanted / 10:
            break
    vectors = np.array([vector.to_numpy() for (vector,) in found], dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))
