"""Pictures that are embedded under one model and could not be had or read for another."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.statements import Driver


def note_unembedded(
    connection: Driver, writes: Mapping[int, PictureWrite], *, model: ModelRow | None
) -> set[int]:
    """Note which of these could not be had or read for a model while another has their vectors; their image_ids."""
    failed = [
        (image_id, write.picture.failure, write.picture.error)
        for image_id, write in writes.items()
        if write.picture.status == "failed" and write.stored is not None and not write.stored.is_embedded
    ]
    if model is None or not failed:
        return set()
    rows = connection.execute(
        """
        insert into clipsql_private.unembedded (model_id, image_id, failure, error)
        select %(model_id)s, f.image_id, f.failure, f.error
        from unnest(%(image_ids)s::bigint[], %(failures)s::text[], %(errors)s::text[])
            as f(image_id, failure, error)
        where exists (select from clipsql.image_embedding as e where e.image_id = f.image_id)
        on conflict (model_id, image_id) do update
            set failure = excluded.failure, error = excluded.error, failed_at = now()
        returning image_id
        """,
        {
            "model_id": model.model_id,
            "image_ids": [image_id for image_id, _, _ in failed],
            "failures": [failure for _, failure, _ in failed],
            "errors": [error for _, _, error in failed],
        },
    )
    return {image_id for (image_id,) in rows}


def leave_embedded(connection: Driver, image_ids: Collection[int]) -> None:
    """Let pictures that other models know, and that now wait for none, not look as if they waited."""
    connection.execute(
        """
        update clipsql.image as i set status = 'embedded', failure = null, error = null
        where i.image_id = any (%s) and i.status = 'pending'
            and not exists (select from clipsql_private.queue as q where q.image_id = i.image_id)
        """,
        (list(image_ids),),
    )
