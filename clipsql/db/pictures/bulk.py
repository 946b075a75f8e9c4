"""Write many pictures whose vectors are there already: facts by one statement, vectors by binary COPY."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.columns import PictureColumns
from clipsql.db.statements import Driver
from clipsql.picture import exact_json

PUT_BATCH = 5_000
"""Pictures in one transaction: enough that its statements cost little, few enough for the memory of vectors."""


@dataclass(kw_only=True)
class PutReport:
    """How many pictures were put: new ones, and those that the collection had."""

    added: int = 0
    updated: int = 0


_FACTS = {
    "metadata": "jsonb",
    "file": "text",
    "taken_at": "timestamptz",
    "longitude": "float8",
    "latitude": "float8",
}


def put_pictures(
    connection: Driver,
    columns: PictureColumns,
    *,
    collection: str,
    language_of: Callable[[str], str],
    model: ModelRow,
) -> PutReport:
    """Insert or update the pictures of one batch, in one transaction; what was not given stays as it is stored.

    `language_of` tells that of a caption.
    """
    with connection.transaction():
        rows = _put_rows(connection, columns, collection)
        ids = [rows[url][0] for url in columns.url]
        known = [image_id for image_id, is_new in rows.values() if not is_new]
        if columns.captions is not None:
            _put_captions(connection, ids, columns, language_of=language_of, model=model)
        if columns.embedding is not None:
            if known:
                connection.execute(
                    "delete from clipsql.image_embedding where model_id = %s and image_id = any (%s)",
                    (model.model_id, known),
                )
                queue.take_out(connection, known, model=model)
            _copy_vectors(connection, "image", ids, columns.embedding, model)
        else:
            _await_workers(connection, ids, collection=collection, model=model)
    return PutReport(added=len(ids) - len(known), updated=len(known))


def _put_rows(connection: Driver, columns: PictureColumns, collection: str) -> dict[str, tuple[int, bool]]:
    """Write the rows of clipsql.image; image_id, and whether it is new, by url."""
    facts = [name for name in _FACTS if getattr(columns, name) is not None]
    types = ["text", *(_FACTS[name] for name in facts)]
    values = [columns.url, *(getattr(columns, name) for name in facts)]
    if columns.metadata is not None:
        values[1] = [None if one is None else Jsonb(dict(one), dumps=_json) for one in columns.metadata]
    connection.execute(
        sql.SQL("create temporary table put_picture ({}) on commit drop").format(
            sql.SQL(", ").join(
                sql.SQL(f"{name} {kind}") for name, kind in zip(["url", *facts], types, strict=True)
            )
        )
    )
    with connection.cursor().copy("copy put_picture from stdin (format binary)") as copy:
        copy.set_types(types)
        for row in zip(*values, strict=True):
            copy.write_row(row)
    status = "pending" if columns.embedding is None else "embedded"
    rows = []
    # Metadata is never null in clipsql.image, so that a picture without it keeps its own only where none is named.
    for condition, written in (
        [("p.metadata is not null", facts), ("p.metadata is null", facts[1:])]
        if columns.metadata is not None
        else [("true", facts)]
    ):
        rows += connection.execute(
            sql.SQL(
                """
                insert into clipsql.image as i (collection, url, status{columns})
                select %s, p.url, %s{values} from put_picture as p where {condition}
                on conflict (collection, clipsql.url_digest(url)) do update set {changes}
                returning url, image_id, xmax = 0
                """
            ).format(
                columns=sql.SQL("").join(sql.SQL(f", {name}") for name in written),
                values=sql.SQL("").join(sql.SQL(f", p.{name}") for name in written),
                condition=sql.SQL(condition),
                changes=sql.SQL(", ").join(
                    [
                        *(sql.SQL(f"{name} = coalesce(excluded.{name}, i.{name})") for name in written),
                        *([] if status == "pending" else [sql.SQL(_EMBEDDED)]),
                        sql.SQL("url = i.url"),  # with nothing to set, the picture's id would not be returned
                    ]
                ),
            ),
            (collection, status),
        ).fetchall()
    return {url: (image_id, is_new) for url, image_id, is_new in rows}


def _json(value: Any) -> str:
    """JSON text, of numbers with all their digits where floats are not exact enough."""
    try:
        return json.dumps(value)
    except TypeError:
        return exact_json(value)


_EMBEDDED = "status = 'embedded', failure = null, error = null"


def _await_workers(connection: Driver, ids: Sequence[int], *, collection: str, model: ModelRow) -> None:
    """Let those without a vector under the model wait for a worker."""
    waiting = connection.execute(
        """
        update clipsql.image as i set status = 'pending', failure = null, error = null
        where i.image_id = any (%s)
            and not exists (
                select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = %s)
        returning i.image_id
        """,
        (list(ids), model.model_id),
    ).fetchall()
    queue.enqueue(
        connection, [(image_id, False, None) for (image_id,) in waiting], collection=collection, model=model
    )


def _put_captions(
    connection: Driver,
    ids: Sequence[int],
    columns: PictureColumns,
    *,
    language_of: Callable[[str], str],
    model: ModelRow,
) -> None:
    """Make these the captions of their pictures: those that are there stay, with their ids and vectors."""
    assert columns.captions is not None
    given = [
        (image_id, number, caption.strip(), language_of(caption))
        for image_id, captions in zip(ids, columns.captions, strict=True)
        if captions is not None
        for number, caption in enumerate(captions)
    ]
    connection.execute(
        "create temporary table put_caption "
        "(image_id bigint, number integer, body text, language text) on commit drop"
    )
    with connection.cursor().copy("copy put_caption from stdin (format binary)") as copy:
        copy.set_types(["int8", "int4", "text", "text"])
        for row in given:
            copy.write_row(row)
    described = [image_id for image_id, some in zip(ids, columns.captions, strict=True) if some is not None]
    connection.execute(
        """
        delete from clipsql.caption as c
        where c.image_id = any (%s)
            and not exists (select from put_caption as p where p.image_id = c.image_id and p.body = c.body)
        """,
        (described,),
    )
    connection.execute(
        """
        insert into clipsql.caption (image_id, body, language)
        select p.image_id, p.body, p.language
        from put_caption as p
        where p.body <> ''
            and not exists (select from clipsql.caption as c where c.image_id = p.image_id and c.body = p.body)
        group by p.image_id, p.body, p.language
        order by p.image_id, min(p.number)
        """
    )
    if columns.caption_embeddings is None:
        return
    vectors = {
        (image_id, number): vector
        for image_id, some in zip(ids, columns.caption_embeddings, strict=True)
        if some is not None
        for number, vector in enumerate(some)
        if not np.isnan(vector[0])
    }
    rows = connection.execute(
        """
        select distinct on (c.caption_id) c.caption_id, p.image_id, p.number
        from put_caption as p
        join clipsql.caption as c on c.image_id = p.image_id and c.body = p.body
        join unnest(%s::bigint[], %s::integer[]) as v(image_id, number)
            on v.image_id = p.image_id and v.number = p.number
        order by c.caption_id, p.number
        """,
        ([image_id for image_id, _ in vectors], [number for _, number in vectors]),
    ).fetchall()
    if rows:
        caption_ids = [caption_id for caption_id, _, _ in rows]
        connection.execute(
            "delete from clipsql.caption_embedding where model_id = %s and caption_id = any (%s)",
            (model.model_id, caption_ids),
        )
        found = np.stack([vectors[image_id, number] for _, image_id, number in rows])
        _copy_vectors(connection, "caption", caption_ids, found, model)


def _copy_vectors(
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
    with connection.cursor().copy(
        sql.SQL("copy {} ({}, model_id, embedding) from stdin (format binary)").format(
            sql.Identifier("clipsql", f"{owner}_embedding"), sql.Identifier(f"{owner}_id")
        )
    ) as copy:
        copy.write(_HEADER + rows.tobytes() + _END)


_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
