"""Look up what is stored of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import ROW_TYPES, StoredCaption, StoredPicture, StoredRegion
from clipsql.db.pictures.staging import row_columns
from clipsql.db.statements import Driver
from clipsql.picture import PictureRecord


def stored_pictures(
    connection: Driver, *, collection: str, urls: Sequence[str], model: ModelRow | None
) -> dict[str, StoredPicture]:
    """What is stored of these pictures, by URL; absent URLs are absent."""
    wanted = sql.SQL(
        """
        i.collection = %(collection)s
        and clipsql.url_digest(i.url) = any (array(select clipsql.url_digest(u) from unnest(%(urls)s::text[]) as u))
        """
    )
    found = _stored(connection, wanted, model, collection=collection, urls=list(urls))
    return {stored.picture.url: stored for stored in found}


def pictures_by_id(
    connection: Driver, image_ids: Sequence[int], *, model: ModelRow | None
) -> list[StoredPicture]:
    """What is stored of these pictures, by image_id."""
    return _stored(
        connection,
        sql.SQL("i.image_id = any (%(image_ids)s) order by i.image_id"),
        model,
        image_ids=list(image_ids),
    )


def _stored(
    connection: Driver, wanted: sql.SQL, model: ModelRow | None, **parameters: Any
) -> list[StoredPicture]:
    rows = connection.execute(
        sql.SQL(
            """
            select {columns}, i.image_id,
                   (select coalesce(jsonb_agg(jsonb_build_array(c.caption_id, c.body, e.caption_id is not null,
                                                                c.source is not null)
                                              order by c.caption_id), '[]')
                    from clipsql.caption as c
                    left join clipsql.caption_embedding as e
                        on e.caption_id = c.caption_id and e.model_id = %(model_id)s
                    where c.image_id = i.image_id),
                   (select coalesce(jsonb_agg(jsonb_build_array(
                               r.region_id, r.box, r.error is not null or v.region_id is not null)
                               order by r.region_id), '[]')
                    from clipsql.image_region as r
                    left join clipsql.region_embedding as v
                        on v.region_id = r.region_id and v.model_id = %(model_id)s
                    where r.image_id = i.image_id),
                   exists (select from clipsql.image_embedding as e
                           where e.image_id = i.image_id and e.model_id = %(model_id)s),
                   coalesce(w.is_checked, true), coalesce(w.is_fresh, false), w.file_to_read,
                   exists (select from clipsql_private.thumbnail as t where t.image_id = i.image_id)
            from clipsql.image as i
            cross join lateral (
                select bool_and(q.is_checked) as is_checked, bool_or(q.is_fresh) as is_fresh,
                       (array_agg(q.file_to_read) filter (where q.file_to_read is not null))[1] as file_to_read
                from clipsql_private.queue as q
                where q.image_id = i.image_id and (q.model_id is null or q.model_id = %(model_id)s)
            ) as w
            where {wanted}
            """
        ).format(columns=row_columns("i"), wanted=wanted),
        {"model_id": None if model is None else model.model_id, **parameters},
    )
    return [
        StoredPicture(
            image_id=image_id,
            picture=_picture(
                columns, tuple(body for _, body, _, is_generated in captions if not is_generated)
            ),
            captions=tuple(
                StoredCaption(
                    caption_id=caption_id,
                    body=body,
                    is_embedded=caption_is_embedded,
                    is_generated=is_generated,
                )
                for caption_id, body, caption_is_embedded, is_generated in captions
            ),
            regions=tuple(
                StoredRegion(region_id=region_id, box=tuple(box), is_settled=is_settled)
                for region_id, box, is_settled in regions
            ),
            is_embedded=is_embedded,
            is_checked=is_checked,
            is_fresh=is_fresh,
            file_to_read=None if file_to_read is None else Path(os.fsdecode(file_to_read)),
            has_thumbnail=has_thumbnail,
        )
        for (
            *columns,
            image_id,
            captions,
            regions,
            is_embedded,
            is_checked,
            is_fresh,
            file_to_read,
            has_thumbnail,
        ) in rows
    ]


def _picture(columns: Sequence[Any], captions: tuple[str, ...]) -> PictureRecord:
    values = dict(zip(ROW_TYPES, columns, strict=True))
    file = values.pop("file")
    return PictureRecord(file=None if file is None else Path(file), captions=captions, **values)


def known_embeddings(
    connection: Driver, digests: Sequence[bytes], *, model: ModelRow
) -> dict[bytes, NDArray[np.float32]]:
    """Embeddings that the model already made of contents, by their SHA-256."""
    rows = connection.execute(
        """
        select distinct on (i.sha256) i.sha256, e.embedding
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = %s
        where i.sha256 = any (%s)
        order by i.sha256, i.image_id
        """,
        (model.model_id, list(digests)),
    )
    return {digest: embedding.to_numpy().astype(np.float32) for digest, embedding in rows}


def listed_pictures(connection: Driver, *, collection: str, begins: str | None) -> Iterator[tuple[int, str]]:
    """(image_id, url) of a collection's pictures, of those whose URL begins so, by image_id; a batch at a time."""
    with connection.transaction(), connection.cursor("clipsql_listed") as cursor:
        cursor.execute(
            """
            select i.image_id, i.url
            from clipsql.image as i
            where i.collection = %(collection)s
                and (%(begins)s::text is null or starts_with(i.url, %(begins)s))
            order by i.image_id
            """,
            {"collection": collection, "begins": begins},
        )
        yield from cursor
