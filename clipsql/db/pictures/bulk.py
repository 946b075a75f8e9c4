"""Write many pictures whose vectors are there already: facts by one statement, vectors by binary COPY."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.columns import PictureColumns
from clipsql.db.pictures.vectors import replace_vectors
from clipsql.db.statements import Driver
from clipsql.picture import exact_json

PUT_BATCH = 5_000
"""Pictures in one transaction: enough that its statements cost little, few enough for the memory of vectors."""


@dataclass(kw_only=True)
class PutReport:
    """How many pictures were put: new ones, and those that the collection had, some just so; and new captions."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    captions: int = 0

    def add(self, other: PutReport) -> None:
        """Count what another batch did."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


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
    language: str | Callable[[str], str],
    model: ModelRow,
) -> PutReport:
    """Insert or update the pictures of one batch, in one transaction; what was not given stays as it is stored.

    `language` is that of all captions, or tells that of each.
    """
    with connection.transaction():
        rows, changed = _put_rows(connection, columns, collection)
        ids = [rows[url][0] for url in columns.url]
        captions = 0
        known = [image_id for image_id, is_new in rows.values() if not is_new]
        if columns.captions is not None:
            described, captions = _put_captions(connection, ids, columns, language=language, model=model)
            changed |= described
        if columns.embedding is not None:
            changed |= replace_vectors(connection, "image", ids, known, columns.embedding, model)
            if known:
                queue.take_out(connection, known, model=model)
        else:
            _await_workers(connection, ids, collection=collection, model=model)
    return PutReport(
        added=len(ids) - len(known),
        updated=len(known),
        unchanged=len(set(known) - changed),
        captions=captions,
    )


def _put_rows(
    connection: Driver, columns: PictureColumns, collection: str
) -> tuple[dict[str, tuple[int, bool]], set[int]]:
    """Write the rows of clipsql.image: image_id, and whether it is new, by url; and which of the old ones changed."""
    facts = [name for name in _FACTS if getattr(columns, name) is not None]
    types = ["text", *(_FACTS[name] for name in facts)]
    values = [columns.url, *(getattr(columns, name) for name in facts)]
    if columns.metadata is not None:
        values[1] = [None if one is None else Jsonb(dict(one), dumps=_json) for one in columns.metadata]
    connection.execute(
        sql.SQL("create temporary table put_picture ({})").format(
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
                on conflict (collection, clipsql.url_digest(url)) do update set {changes} where {differs}
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
                        sql.SQL("url = i.url"),  # there may be nothing else to set
                    ]
                ),
                differs=sql.SQL(" or ").join(
                    [
                        *(
                            sql.SQL(f"i.{name} is distinct from coalesce(excluded.{name}, i.{name})")
                            for name in written
                        ),
                        *([] if status == "pending" else [sql.SQL(_NOT_EMBEDDED)]),
                        sql.SQL("false"),
                    ]
                ),
            ),
            (collection, status),
        ).fetchall()
    # At once: the next batch may be of the same transaction, that of an application.
    connection.execute("drop table put_picture")
    found = {url: (image_id, is_new) for url, image_id, is_new in rows}
    changed = {image_id for image_id, is_new in found.values() if not is_new}
    unchanged = [url for url in columns.url if url not in found]
    if unchanged:
        rows = connection.execute(
            """
            select p.url, i.image_id
            from unnest(%s::text[]) as p(url)
            join clipsql.image as i
                on i.collection = %s and clipsql.url_digest(i.url) = clipsql.url_digest(p.url)
            """,
            (unchanged, collection),
        ).fetchall()
        found |= {url: (image_id, False) for url, image_id in rows}
    return found, changed


def _json(value: Any) -> str:
    """JSON text, of numbers with all their digits where floats are not exact enough."""
    try:
        return json.dumps(value)
    except TypeError:
        return exact_json(value)


_EMBEDDED = "status = 'embedded', failure = null, error = null"
_NOT_EMBEDDED = "i.status <> 'embedded' or i.failure is not null or i.error is not null"


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
    language: str | Callable[[str], str],
    model: ModelRow,
) -> tuple[set[int], int]:
    """Make these the captions of their pictures: those that are there stay, with their ids and vectors.

    Returns the pictures for which anything changed, and how many captions are new.
    """
    assert columns.captions is not None
    given = [
        (image_id, number, caption.strip(), language if isinstance(language, str) else language(caption))
        for image_id, captions in zip(ids, columns.captions, strict=True)
        if captions is not None
        for number, caption in enumerate(captions)
    ]
    connection.execute(
        "create temporary table put_caption (image_id bigint, number integer, body text, language text)"
    )
    with connection.cursor().copy("copy put_caption from stdin (format binary)") as copy:
        copy.set_types(["int8", "int4", "text", "text"])
        for row in given:
            copy.write_row(row)
    described = [image_id for image_id, some in zip(ids, columns.captions, strict=True) if some is not None]
    removed = connection.execute(
        """
        delete from clipsql.caption as c
        where c.image_id = any (%s)
            and not exists (select from put_caption as p where p.image_id = c.image_id and p.body = c.body)
        returning c.image_id
        """,
        (described,),
    ).fetchall()
    added = connection.execute(
        """
        insert into clipsql.caption (image_id, body, language)
        select p.image_id, p.body, p.language
        from put_caption as p
        where p.body <> ''
            and not exists (select from clipsql.caption as c where c.image_id = p.image_id and c.body = p.body)
        group by p.image_id, p.body, p.language
        order by p.image_id, min(p.number)
        returning image_id
        """
    ).fetchall()
    changed = {image_id for (image_id,) in (*removed, *added)}
    if columns.caption_embeddings is not None:
        changed |= _put_caption_vectors(connection, ids, columns.caption_embeddings, model)
    connection.execute("drop table put_caption")
    return changed, len(added)


def _put_caption_vectors(
    connection: Driver,
    ids: Sequence[int],
    embeddings: Sequence[NDArray[np.float16] | None],
    model: ModelRow,
) -> set[int]:
    """Store the vectors of the captions in put_caption, in place of those there; the pictures that this changed."""
    vectors = {
        (image_id, number): vector
        for image_id, some in zip(ids, embeddings, strict=True)
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
    if not rows:
        return set()
    caption_ids = [caption_id for caption_id, _, _ in rows]
    found = np.stack([vectors[image_id, number] for _, image_id, number in rows])
    new = replace_vectors(connection, "caption", caption_ids, caption_ids, found, model)
    return {image_id for caption_id, image_id, _ in rows if caption_id in new}
