"""Fill a database with random pictures through clipsql's own writers, and search it by brute force in numpy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.db.indexes import ensure_index
from clipsql.db.models import ModelRow, add_model
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.pictures.writing import analyze, write_pictures
from clipsql.db.statements import autocommit_connection
from clipsql.ingest.attached import AttachedTables
from clipsql.picture import PictureRecord

NEW_YEAR = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
COLLECTIONS = ("streets", "holidays", "中文")
ENGLISH = ("red", "truck", "trucks", "dogs", "dog", "bridge", "rain", "snow")
CHINESE = ("红色", "卡车", "狗", "桥", "雨", "雪地")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One picture of a filled database, as it was written."""

    image_id: int
    collection: str
    taken_at: dt.datetime | None
    longitude: float | None
    latitude: float | None
    metadata: dict[str, Any]
    captions: Sequence[tuple[str, str]]  # (body, language)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A filled database: the pictures and their vectors as half precision keeps them, row by row."""

    engine: Engine
    model: ModelRow
    pictures: Sequence[Picture]
    vectors: NDArray[np.float64]

    def similarities(self, query: Sequence[float] | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Cosine of the query with every picture."""
        direction = np.asarray(query, dtype=np.float64)
        lengths = np.linalg.norm(self.vectors, axis=1) * np.linalg.norm(direction)
        return np.asarray(self.vectors @ direction / lengths)


def new_model(engine: Engine, *, dimensions: int = 24, name: str = "tests/random") -> ModelRow:
    """A model with partitions and no rows."""
    return add_model(engine, name=name, location=name, revision="1", dimensions=dimensions, logit_scale=100.0)


def unit_vectors(random: np.random.Generator, rows: int, dimensions: int) -> NDArray[np.float32]:
    """Random directions."""
    vectors = random.standard_normal((rows, dimensions)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def write(
    engine: Engine, model: ModelRow, writes: Sequence[PictureWrite], *, collection: str = "c"
) -> dict[str, int]:
    """Write pictures as ingest does; returns image_id by URL."""
    with autocommit_connection(engine) as connection:
        write_pictures(connection, writes, collection=collection, model=model)
        rows = connection.execute(
            "select url, image_id from clipsql.image where collection = %s", (collection,)
        )
        return dict(rows.fetchall())


def picture(url: str, vector: Sequence[float] | NDArray[np.float32] | None, **facts: Any) -> PictureWrite:
    """A picture to write; without a vector it could not be read."""
    captions = facts.pop("captions", ())
    return PictureWrite(
        picture=PictureRecord(
            url,
            sha256=None if vector is None else bytes(32),
            status="failed" if vector is None else "embedded",
            error="cannot be read" if vector is None else None,
            **facts,
        ),
        embedding=None if vector is None else np.asarray(vector, dtype=np.float32),
        new_captions=[(body, language, None) for body, language in captions],
    )


def fill(
    engine: Engine, *, rows: int = 3000, dimensions: int = 24, seed: int = 1, model: ModelRow | None = None
) -> Filled:
    """Random pictures in three collections: places at the antimeridian and the poles, times, facts, captions."""
    random = np.random.default_rng(seed)
    model = model or new_model(engine, dimensions=dimensions)
    vectors = unit_vectors(random, rows, model.dimensions)
    collections = [COLLECTIONS[number] for number in random.choice(3, rows, p=(0.6, 0.3, 0.1))]
    facts: list[dict[str, Any]] = [
        {
            "taken_at": _time(random),
            **_place(random),
            "metadata": _metadata(random, number),
            "captions": _captions(random),
        }
        for number in range(rows)
    ]
    ids: dict[str, int] = {}
    for collection in COLLECTIONS:
        numbers = [number for number in range(rows) if collections[number] == collection]
        writes = [picture(f"file:///{number}.jpg", vectors[number], **facts[number]) for number in numbers]
        ids |= write(engine, model, writes, collection=collection)
    _film(engine)
    analyze(engine, model)
    return Filled(
        engine=engine,
        model=model,
        pictures=[
            Picture(image_id=ids[f"file:///{number}.jpg"], collection=collections[number], **facts[number])
            for number in range(rows)
        ],
        vectors=vectors.astype(np.float16).astype(np.float64),
    )


def _film(engine: Engine) -> None:
    """Every third picture is a second of the video of its collection."""
    with autocommit_connection(engine) as connection:
        connection.execute(
            """
            insert into clipsql.video_frame (image_id, video, video_sha256, sampling, from_s, until_s, is_last)
            select i.image_id, 'file:///' || i.collection || '.mp4', sha256(''), 'every 1 s', n.place, n.place + 1,
                false
            from clipsql.image as i
            cross join lateral (select i.image_id::double precision as place) as n
            where i.image_id % 3 = 1
            on conflict do nothing
            """
        )


def _time(random: np.random.Generator) -> dt.datetime | None:
    if random.random() < 0.1:
        return None
    return NEW_YEAR + dt.timedelta(minutes=int(random.integers(365 * 24 * 60)))


def _place(random: np.random.Generator) -> dict[str, float | None]:
    where = random.choice(["nowhere", "city", "antimeridian", "north pole", "south pole", "anywhere"])
    u, v = random.random(2)
    place = {
        "nowhere": (None, None),
        "city": (13.3 + u / 5, 52.4 + v / 5),
        "antimeridian": ((180 - u, u - 180)[int(random.integers(2))], v * 40 - 20),
        "north pole": (u * 360 - 180, 90 - v),
        "south pole": (u * 360 - 180, v - 90),
        "anywhere": (u * 360 - 180, v * 180 - 90),
    }[where]
    return {"longitude": place[0], "latitude": place[1]}


def _metadata(random: np.random.Generator, number: int) -> dict[str, Any]:
    return {
        "camera": f"K{random.integers(12)}",
        "night": bool(random.integers(2)),
        "tags": sorted({str(tag) for tag in random.choice(["wet", "busy", "odd"], 2)}),
        "at": {"lane": int(random.integers(3)), "number": number},
    }


def _captions(random: np.random.Generator) -> list[tuple[str, str]]:
    captions = []
    for _ in range(int(random.integers(3))):
        if random.random() < 0.3:
            captions.append(("一" + "".join(random.choice(CHINESE, 3)), "zh"))
        else:
            captions.append((" ".join(["A", *random.choice(ENGLISH, 3)]) + ".", "en"))
    return captions


def embed_captions(engine: Engine, model: ModelRow) -> None:
    """Give each caption its picture's own vector, and the captions an index."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """
            insert into clipsql.caption_embedding (caption_id, model_id, embedding)
            select c.caption_id, e.model_id, e.embedding
            from clipsql.caption as c join clipsql.image_embedding as e on e.image_id = c.image_id
            """
        )
    assert ensure_index(engine, model, table="caption_embedding")
    analyze(engine, model)


def embed_regions(engine: Engine, model: ModelRow) -> None:
    """Give each picture a region with its picture's own vector, a third of them trucks, and the regions an index."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """
            insert into clipsql.image_region (image_id, box, label)
            select i.image_id, '{1,2,30,40}', case when mod(i.image_id, 3) = 1 then 'truck' end
            from clipsql.image as i order by i.image_id;
            insert into clipsql.region_embedding (region_id, image_id, model_id, embedding)
            select r.region_id, r.image_id, e.model_id, e.embedding
            from clipsql.image_region as r join clipsql.image_embedding as e on e.image_id = r.image_id;
            delete from clipsql_private.queue
            """
        )
    assert ensure_index(engine, model, table="region_embedding")
    analyze(engine, model)


def keep_up(engine: Engine) -> None:
    """What a worker does for attached tables, without embedding anything."""
    tables = AttachedTables(engine)
    with autocommit_connection(engine) as connection:
        while tables.step(connection):
            pass
