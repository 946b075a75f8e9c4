"""Make vectors that lie as CLIP's do, with filters at every selectivity, and load them into PostgreSQL."""

from __future__ import annotations

import datetime as dt
import sys
import time
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.engine import Engine

from clipsql.db import percentile_samples
from clipsql.db.indexes import ensure_index
from clipsql.db.models import add_model, list_models
from clipsql.db.search_rows import ensure_search_rows

DIMENSIONS = 512
SHARES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001)
KINDS = ("independent", "correlated", "against")
FIRST_DAY = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

# Measured on 537 ViT-B/32 vectors of photographs and 500 of captions: how far the cone's axis leads (unrelated
# pictures have mean cosine 0.46, captions 0.50), how pictures and captions lie to each other (0.14; 0.30 when
# they match), how the variance falls over the principal directions, and how near the nearest neighbour is.
_IMAGE_AXIS, _TEXT_AXIS, _AXES_COSINE = 0.68, 0.71, 0.29
_TEXT_ALIGNMENT = 0.33
_SAME_SCENE = 0.6
_PICTURES_PER_SCENE = 100


@dataclass(frozen=True)
class Pictures:
    """Unit vectors in content order: `position` runs through similar scenes, `moment` has nothing to do with them."""

    vectors: NDArray[np.float32]
    moment: NDArray[np.int64]

    @property
    def position(self) -> NDArray[np.int64]:
        """The row number, because rows are in content order."""
        return np.arange(len(self.vectors))


@dataclass(frozen=True)
class Filter:
    """Rows whose `moment` (or `position`) lies in [first, last)."""

    by_moment: bool
    first: int
    last: int

    def mask(self, pictures: Pictures) -> NDArray[np.bool_]:
        """True for the rows that pass."""
        column = pictures.moment if self.by_moment else pictures.position
        passed: NDArray[np.bool_] = (column >= self.first) & (column < self.last)
        return passed


def make_pictures(rows: int, *, queries: int, seed: int) -> tuple[Pictures, NDArray[np.float32]]:
    """`rows` pictures and `queries` query vectors, half of them pictures and half texts, none of them stored."""
    random = np.random.default_rng(seed)
    scenes = max(8, rows // _PICTURES_PER_SCENE)
    spectrum = np.arange(1, DIMENSIONS + 1) ** -0.9 * np.exp(-np.arange(DIMENSIONS) / 150)
    scale = np.sqrt(spectrum / spectrum.sum() * (1 - _IMAGE_AXIS**2)).astype(np.float32)
    centres = random.standard_normal((scenes, DIMENSIONS), np.float32) * scale
    centres = centres[_content_order(centres)]
    image_axis = random.standard_normal(DIMENSIONS)
    image_axis /= np.linalg.norm(image_axis)
    other = random.standard_normal(DIMENSIONS)
    other -= image_axis * (other @ image_axis)
    text_axis = _AXES_COSINE * image_axis + np.sqrt(1 - _AXES_COSINE**2) * other / np.linalg.norm(other)

    def pictures_of(scene: NDArray[np.int64]) -> NDArray[np.float32]:
        made = np.sqrt(_SAME_SCENE) * centres[scene]
        made += (
            np.sqrt(1 - _SAME_SCENE) * scale * random.standard_normal((len(scene), DIMENSIONS), np.float32)
        )
        return made

    # Some scenes are photographed far more often than others.
    popularity = random.lognormal(0, 1, scenes)
    scene = np.sort(random.choice(scenes, rows, p=popularity / popularity.sum()))
    vectors = pictures_of(scene)
    vectors += (_IMAGE_AXIS * image_axis).astype(np.float32)
    _to_unit_length(vectors)
    vectors = vectors.astype(np.float16).astype(np.float32)  # what halfvec keeps

    asked = pictures_of(random.choice(scenes, queries, p=popularity / popularity.sum()))
    texts = asked[queries // 2 :]
    _to_unit_length(texts)
    noise = random.standard_normal(texts.shape, np.float32)
    _to_unit_length(noise)
    rest = _TEXT_ALIGNMENT * texts + np.sqrt(1 - _TEXT_ALIGNMENT**2) * noise
    texts[:] = _TEXT_AXIS * text_axis + np.sqrt(1 - _TEXT_AXIS**2) * rest
    asked[: queries // 2] += (_IMAGE_AXIS * image_axis).astype(np.float32)
    _to_unit_length(asked)
    asked = asked.astype(np.float16).astype(np.float32)
    # Of its own, so that a loaded folder serves any number of queries.
    return Pictures(vectors, np.random.default_rng([seed, 1]).permutation(rows)), asked


def make_filter(
    kind: str, share: float, similarities: NDArray[np.float32], *, random: np.random.Generator
) -> Filter:
    """A filter that passes `share` of the rows: at random, where the query's likes are, or where they are not.

    `similarities` are those of the query to every row, in content order.
    """
    rows = len(similarities)
    width = max(1, round(share * rows))
    if kind == "independent":
        first = int(random.integers(0, rows - width + 1))
        return Filter(True, first, first + width)
    sums = np.concatenate(([0.0], np.cumsum(similarities, dtype=np.float64)))
    means = sums[width:] - sums[:-width]
    if kind == "correlated":
        best = int(np.argmax(similarities))
        first = min(max(best - width // 2, 0), rows - width)
    else:
        first = int(np.argmin(means))
    return Filter(False, first, first + width)


def prepare(engine: Engine, url: str, pictures: Pictures) -> None:
    """Load the pictures and build their index, unless that was done in the same folder before."""
    if any(model.name == "bench" for model in list_models(engine)):
        return
    model = add_model(
        engine, name="bench", location="bench", revision="1", dimensions=DIMENSIONS, logit_scale=100.0
    )
    with psycopg.connect(url, autocommit=True) as connection:
        register_vector(connection)
        began = time.perf_counter()
        with connection.transaction():
            load(connection, pictures, model_name=model.name)
        connection.execute("vacuum analyze clipsql.image")
        connection.execute("vacuum analyze clipsql_private.image_embedding_1")
        loaded = time.perf_counter()
        ensure_index(engine, model, table="image_embedding")
        indexed = time.perf_counter()
        ensure_search_rows(engine, model)
        percentile_samples.refresh(engine, model)
        built = time.perf_counter()
        print(
            f"loaded in {loaded - began:.0f} s, index in {indexed - loaded:.0f} s, "
            f"search rows in {built - indexed:.0f} s",
            file=sys.stderr,
        )


def load(connection: psycopg.Connection, pictures: Pictures, *, model_name: str) -> None:
    """Fill clipsql.image and the partition of a model that is already there; no index is built."""
    rows = len(pictures.vectors)
    row = connection.execute("select model_id from clipsql.model where name = %s", (model_name,)).fetchone()
    assert row is not None
    with connection.cursor().copy(
        "copy clipsql.image (collection, url, taken_at, longitude, latitude, metadata, status)"
        " from stdin (format binary)"
    ) as copy:
        copy.set_types(["text", "text", "timestamptz", "float8", "float8", "jsonb", "text"])
        for number in range(rows):
            moment = int(pictures.moment[number])
            copy.write_row(
                (
                    "benchmark",
                    f"https://pictures.example/{number:08}.jpg",
                    FIRST_DAY + dt.timedelta(minutes=moment),
                    *place(number, rows),
                    Jsonb({"camera": f"K{moment % 97}", "lens": number % 7}),
                    "embedded",
                )
            )
    # The ids follow the order of the rows.
    first = connection.execute("select min(image_id) from clipsql.image").fetchone()
    assert first is not None
    with connection.cursor().copy(
        sql.SQL("copy {} (image_id, model_id, embedding) from stdin (format binary)").format(
            sql.Identifier("clipsql_private", f"image_embedding_{row[0]}")
        )
    ) as copy:
        copy.set_types(["int8", "int4", "halfvec"])
        # A table is seldom in content order: rows go in as they were taken.
        for number in np.argsort(pictures.moment):
            copy.write_row((first[0] + int(number), row[0], HalfVector(pictures.vectors[number])))


def place(position: int, rows: int) -> tuple[float, float]:
    """(longitude, latitude) of a position: content order runs around the Earth, west to east."""
    return -179.0 + 358.0 * position / rows, (position * 7919 % 1000) / 1000 * 100 - 50


def _content_order(centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """An order in which neighbours are alike: halved along one leading direction after the other."""
    parts = [np.arange(len(centres))]
    for direction in range(8):
        parts = [
            half
            for part in parts
            for half in np.array_split(part[np.argsort(centres[part, direction])], min(2, len(part)))
        ]
    return np.concatenate(parts)


def _to_unit_length(vectors: NDArray[np.float32]) -> None:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
