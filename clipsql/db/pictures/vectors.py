"""Write vectors of pictures or captions by binary COPY, those that are new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver, copy_into


def replace_vectors(
    connection: Driver,
    owner: str,
    ids: Sequence[int],
    known: Sequence[int],
    vectors: NDArray[np.float16],
    model: ModelRow,
) -> set[int]:
    """Make these the vectors of pictures or captions, of which the `known` may have some; returns the ids of new ones.

    What is stored just so stays: an index would have to take it in again.
    """
    table, owner_id = sql.Identifier("clipsql", f"{owner}_embedding"), sql.Identifier(f"{owner}_id")
    stored = connection.execute(
        sql.SQL("select {1}, embedding from {0} where model_id = %s and {1} = any (%s)").format(
            table, owner_id
        ),
        (model.model_id, list(known)),
        binary=True,
    ).fetchall()
    places = {row_id: place for place, row_id in enumerate(ids)}
    same = {row_id for row_id, vector in stored if np.array_equal(vector.to_numpy(), vectors[places[row_id]])}
    connection.execute(
        sql.SQL("delete from {0} where model_id = %s and {1} = any (%s)").format(table, owner_id),
        (model.model_id, [row_id for row_id, _ in stored if row_id not in same]),
    )
    fresh = [row_id for row_id in ids if row_id not in same]
    copy_vectors(connection, owner, fresh, vectors[[places[row_id] for row_id in fresh]], model)
    return set(fresh)


def copy_vectors(
    connection: Driver, owner: str, ids: Sequence[int], vectors: NDArray[np.float16], model: ModelRow
) -> None:
    """Vectors of pictures or captions, by their ids, as the bytes that COPY sends: row by row is ten times slower."""
    rows = np.empty(
        len(ids),
        dtype=[
            ("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), ("model_bytes", ">i4"), ("model", ">i4"),
            ("vector_bytes", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"),
            ("vector", ">f2", (vectors.shape[1],)),
        ],
    )  # fmt: skip
    rows["fields"] = 3
    rows["id_bytes"], rows["id"] = 8, ids
    rows["model_bytes"], rows["model"] = 4, model.model_id
    rows["vector_bytes"], rows["dimensions"], rows["unused"] = 4 + 2 * vectors.shape[1], vectors.shape[1], 0
    rows["vector"] = vectors
    columns = {f"{owner}_id": "int8", "model_id": "int4", "embedding": "halfvec"}
    with copy_into(connection, f"clipsql.{owner}_embedding", columns) as copy:
        copy.write(_HEADER + rows.tobytes() + _END)


_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
