"""Find pictures that look the same, and mark them in their metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import NEAR_DUPLICATE_OF

_NEIGHBOURS = 20
"""Pictures looked at beside each one; larger groups hang together through the neighbours of neighbours."""

_BATCH = 200

_PAIRS = sa.text(
    """
    select a.image_id as first_id, b.image_id as second_id, s.similarity, b.bits
    from (
        select i.image_id, i.sha256, f.perceptual_hash
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = :model_id
        left join clipsql_private.fingerprint as f on f.image_id = i.image_id
        where i.image_id > :after and (cast(:collection as text) is null or i.collection = :collection)
        order by i.image_id
        limit :batch
    ) as a
    left join lateral (
        select n.image_id, n.similarity
        from clipsql.search(clipsql.image_vector(a.image_id, :model), :neighbours,
                            in_collection => :collection, except_images => array[a.image_id],
                            min_similarity => :min_similarity, model => :model) as n
    ) as s on true
    left join lateral (
        select i.image_id, i.sha256, bit_count((a.perceptual_hash # f.perceptual_hash)::bit(64)) as bits
        from clipsql.image as i
        left join clipsql_private.fingerprint as f on f.image_id = i.image_id
        where i.image_id = s.image_id
    ) as b on b.sha256 = a.sha256 or b.bits <= :max_bits
    order by a.image_id, b.image_id
    """
)

_PICTURES = sa.text(
    """
    select i.image_id, i.url, i.width::bigint * i.height as pixels
    from clipsql.image as i
    where i.image_id = any (:image_ids)
    """
)

_MARK = sa.text(
    """
    update clipsql.image as i
    set metadata = case when m.kept_id is null then i.metadata - cast(:mark as text)
                        else jsonb_set(i.metadata, array[:mark], to_jsonb(m.kept_id)) end
    from clipsql.image as j
    left join unnest(cast(:copies as bigint[]), cast(:kept as bigint[])) as m(copy_id, kept_id)
        on m.copy_id = j.image_id
    where i.image_id = j.image_id
        and (cast(:collection as text) is null or i.collection = :collection)
        and i.metadata -> :mark is distinct from to_jsonb(m.kept_id)
    """
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two pictures that look the same: the cosine of their embeddings, and the bits in which their hashes differ."""

    first_id: int
    second_id: int
    similarity: float
    bits: int | None


@dataclass(frozen=True, kw_only=True)
class FoundPicture:
    """One picture of a group; `pixels` is None where its size is not known."""

    image_id: int
    url: str
    pixels: int | None


def near_pairs(
    engine: Engine, model: ModelRow, *, collection: str | None, min_similarity: float, max_bits: int
) -> Iterator[list[Pair]]:
    """Pairs that look the same, by batches of pictures looked at; a pair may come from both sides.

    Of like embeddings and like hashes, or of the same bytes. Raises InvalidArgument for a similarity outside [-1, 1].
    """
    after = 0
    with database_errors(engine):
        while True:
            # A transaction for each batch: one for all would keep vacuum from its work for hours.
            with engine.connect() as connection:
                rows = connection.execute(
                    _PAIRS,
                    {
                        "after": after,
                        "model_id": model.model_id,
                        "model": model.name,
                        "collection": collection,
                        "batch": _BATCH,
                        "neighbours": _NEIGHBOURS,
                        "min_similarity": min_similarity,
                        "max_bits": max_bits,
                    },
                ).all()
            if not rows:
                return
            after = rows[-1].first_id
            yield [Pair(**row._mapping) for row in rows if row.second_id is not None]


def found_pictures(engine: Engine, image_ids: list[int]) -> dict[int, FoundPicture]:
    """Facts of these pictures, by image_id."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_PICTURES, {"image_ids": image_ids})
        return {row.image_id: FoundPicture(**row._mapping) for row in rows}


def mark_duplicates(engine: Engine, kept_by_copy: Mapping[int, int], *, collection: str | None) -> int:
    """Note in each copy's metadata which picture it repeats, and take away notes that hold no more; rows changed."""
    with database_errors(engine), engine.begin() as connection:
        changed = connection.execute(
            _MARK,
            {
                "copies": list(kept_by_copy),
                "kept": list(kept_by_copy.values()),
                "collection": collection,
                "mark": NEAR_DUPLICATE_OF,
            },
        )
        return changed.rowcount
