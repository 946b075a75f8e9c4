"""Find pictures of the same bytes, pictures near to each other, and their looks; mark copies in their metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.pictures.records import NEAR_DUPLICATE_OF

_NEIGHBOURS = 20
"""Pictures looked at beside each one."""

_BATCH = 200

_MOST_EXCEPTED = 100_000
"""A search takes a list of 200,000 ids to leave out."""

_SAME_BYTES = sa.text(
    """
    select s.image_id, s.first_id
    from (
        select i.image_id, min(i.image_id) over (partition by i.sha256) as first_id
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = :model_id
        where i.sha256 is not null and (cast(:collection as text) is null or i.collection = :collection)
    ) as s
    where s.image_id <> s.first_id
    order by s.image_id
    """
)

# Of pictures of the same bytes only the first is looked at, and its neighbours are others than these.
_NEAR = sa.text(
    """
    select a.image_id as first_id, n.image_id as second_id, n.similarity
    from (
        select i.image_id, i.sha256
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = :model_id
        where i.image_id > :after and (cast(:collection as text) is null or i.collection = :collection)
            and i.image_id <> all (:passed_over)
        order by i.image_id
        limit :batch
    ) as a
    left join lateral clipsql.search(
        clipsql.image_vector(a.image_id, :model), :neighbours, in_collection => :collection,
        except_images => a.image_id || array(
            select same.image_id from clipsql.image as same where same.sha256 = a.sha256 limit :most_excepted
        ),
        min_similarity => :min_similarity, model => :model
    ) as n on true
    order by a.image_id, n.image_id
    """
)

_PICTURES = sa.text(
    """
    select i.image_id, i.collection, i.url, i.file, i.width, i.height
    from clipsql.image as i
    where i.image_id = any (:image_ids)
    """
)

_FINGERPRINTS = sa.text(
    """
    select f.image_id, f.pixels
    from clipsql_private.fingerprint as f
    where f.image_id = any (:image_ids)
    """
)

_THUMBNAILS = sa.text(
    """
    select t.image_id, t.jpeg
    from clipsql_private.thumbnail as t
    where t.image_id = any (:image_ids)
    """
)

_SIZES = sa.text(
    """
    select i.collection, count(*) as pictures
    from clipsql.image as i
    join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = :model_id
    where cast(:collection as text) is null or i.collection = :collection
    group by i.collection
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
class NearPair:
    """Two pictures, and the cosine of their embeddings."""

    first_id: int
    second_id: int
    similarity: float


@dataclass(frozen=True, kw_only=True)
class FoundPicture:
    """A picture of a group; `file` is None of one from the web, width and height of one that was not decoded."""

    image_id: int
    collection: str
    url: str
    file: Path | None
    width: int | None
    height: int | None

    @property
    def pixels(self) -> int:
        """How many it has; 0 where that is not known."""
        return (self.width or 0) * (self.height or 0)


def same_bytes(engine: Engine, model: ModelRow, *, collection: str | None) -> dict[int, int]:
    """The first picture of the same bytes, by the image_id of each later one."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_SAME_BYTES, {"model_id": model.model_id, "collection": collection})
        return {row.image_id: row.first_id for row in rows}


def near_pairs(
    engine: Engine,
    model: ModelRow,
    *,
    collection: str | None,
    min_similarity: float,
    passed_over: Collection[int],
) -> Iterator[list[NearPair]]:
    """Pictures with their nearest neighbours, by batches of pictures looked at; a pair may come from both sides.

    No neighbours of those in `passed_over`. Raises InvalidArgument for a similarity outside [-1, 1].
    """
    after = 0
    with database_errors(engine):
        while True:
            # A transaction for each batch: one for all would keep vacuum from its work for hours.
            with engine.connect() as connection:
                rows = connection.execute(
                    _NEAR,
                    {
                        "after": after,
                        "model_id": model.model_id,
                        "model": model.name,
                        "collection": collection,
                        "batch": _BATCH,
                        "neighbours": _NEIGHBOURS,
                        "most_excepted": _MOST_EXCEPTED,
                        "min_similarity": min_similarity,
                        "passed_over": list(passed_over),
                    },
                ).all()
            if not rows:
                return
            after = rows[-1].first_id
            yield [NearPair(**row._mapping) for row in rows if row.second_id is not None]


def fingerprints(engine: Engine, image_ids: Collection[int]) -> dict[int, bytes]:
    """What pictures look like, by image_id; pictures that came without pixels have none."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_FINGERPRINTS, {"image_ids": list(image_ids)})
        return {row.image_id: row.pixels for row in rows}


def thumbnails(engine: Engine, image_ids: Collection[int]) -> dict[int, bytes]:
    """Small JPEGs of pictures, by image_id, as far as `clipsql ingest --thumbnails` kept them."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_THUMBNAILS, {"image_ids": list(image_ids)})
        return {row.image_id: row.jpeg for row in rows}


def found_pictures(engine: Engine, image_ids: Collection[int]) -> dict[int, FoundPicture]:
    """Facts of these pictures, by image_id."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_PICTURES, {"image_ids": list(image_ids)})
        return {
            row.image_id: FoundPicture(
                **{**row._mapping, "file": None if row.file is None else Path(row.file)}
            )
            for row in rows
        }


def collection_sizes(engine: Engine, model: ModelRow, *, collection: str | None) -> dict[str, int]:
    """How many pictures each collection has under a model."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(_SIZES, {"model_id": model.model_id, "collection": collection})
        return {row.collection: row.pictures for row in rows}


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
