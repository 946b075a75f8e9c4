"""Write what became of the regions of pictures: their vectors, or why they have none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pgvector import HalfVector

from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.statements import Driver


def write_regions(connection: Driver, writes: Sequence[PictureWrite], model: ModelRow) -> None:
    """Vectors and errors of regions; others may take a region away while a worker encodes it."""
    embeddings = [pair for write in writes for pair in write.region_embeddings]
    if embeddings:
        connection.cursor().executemany(
            """
            insert into clipsql.region_embedding (region_id, model_id, image_id, embedding)
            select r.region_id, %s, r.image_id, %s from clipsql.image_region as r where r.region_id = %s
            for key share
            on conflict do nothing
            """,
            [
                (model.model_id, HalfVector(vector.astype(np.float16)), region_id)
                for region_id, vector in embeddings
            ],
        )
    errors = [pair for write in writes for pair in write.region_errors]
    if errors:
        connection.execute(
            """
            update clipsql.image_region as r set error = f.error
            from unnest(%s::bigint[], %s::text[]) as f(region_id, error)
            where r.region_id = f.region_id
            """,
            ([region_id for region_id, _ in errors], [error for _, error in errors]),
        )
