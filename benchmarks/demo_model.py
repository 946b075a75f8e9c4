"""Measure the model in the box on 2,000 scenes it never saw: `python benchmarks/demo_model.py`.

Brute force in float32: every query against every picture. Precision@10 is the share of the ten most similar
pictures of which the query is true, averaged over all queries that are true of at least ten pictures.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql import orm
from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene, draw_scene, random_scene
from clipsql.demo.training_scenes import HELD_OUT_PAIRS
from clipsql.encoding.encoder import Encoder
from clipsql.encoding.loading import load_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.server import EmbeddedServer
from clipsql.sources import open_source

FIRST_SEED = 900_000_000
"""Far above the seeds of the training scenes."""

TOP = 10

ENGLISH = {
    **{kind: f"a {kind}" for kind in KINDS},
    **{colour: f"a {colour} vehicle" for colour in COLOURS},
    "day": "by day",
    "dusk": "at dusk",
    "night": "at night",
    "clear": "in clear weather",
    "rain": "in the rain",
    "fog": "in the fog",
    "snow": "in the snow",
    "street": "on a street",
    "highway": "on a highway",
    "bridge": "on a bridge",
    "tunnel": "at a tunnel",
}
CHINESE_NAMES = {
    "car": "轿车",
    "van": "面包车",
    "truck": "卡车",
    "bus": "公交车",
    "motorcycle": "摩托车",
    "bicycle": "自行车",
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "white": "白色",
    "black": "黑色",
    "silver": "银色",
    "day": "白天",
    "dusk": "黄昏",
    "night": "夜晚",
    "clear": "晴天",
    "rain": "雨天",
    "fog": "雾天",
    "snow": "雪天",
    "street": "街道",
    "highway": "高速公路",
    "bridge": "桥上",
    "tunnel": "隧道口",
}
CHINESE = {**CHINESE_NAMES, **{colour: f"{CHINESE_NAMES[colour]}的车" for colour in COLOURS}}

Vectors = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Numbers = np.ndarray


@dataclass(frozen=True)
class Query:
    """A text, and whether it is true of a scene."""

    text: str
    holds: Callable[[Scene], bool]


def has(fact: str) -> Callable[[Scene], bool]:
    """Whether one fact holds in a scene."""

    def holds(scene: Scene) -> bool:
        seen = {scene.time, scene.weather, scene.place}
        return fact in seen or any(fact in (vehicle.kind, vehicle.colour) for vehicle in scene.vehicles)

    return holds


def has_vehicle(colour: str, kind: str, *others: str) -> Callable[[Scene], bool]:
    """Whether one vehicle has this colour and kind, and other facts hold too."""

    def holds(scene: Scene) -> bool:
        together = any((vehicle.colour, vehicle.kind) == (colour, kind) for vehicle in scene.vehicles)
        return together and all(has(fact)(scene) for fact in others)

    return holds


def pair_queries(
    pairs: Iterable[tuple[str, str]], language: str, thirds: Sequence[str] = ("",)
) -> Iterator[Query]:
    """Colour and kind of one vehicle, alone or with a third fact: `red truck`, `red truck at night`."""
    for (colour, kind), third in itertools.product(sorted(pairs), thirds):
        if language == "en":
            text = f"{colour} {kind} {ENGLISH[third]}" if third else f"{colour} {kind}"
        else:
            name = f"{CHINESE_NAMES[colour]}{CHINESE_NAMES[kind]}"
            text = f"{CHINESE_NAMES[third]}的{name}" if third else name
        yield Query(text, has_vehicle(colour, kind, *([third] if third else [])))


class Finder(Protocol):
    """Something that finds the ten pictures of a query; each method gives scene numbers, shape (queries, 10)."""

    def by_text(self, texts: Sequence[str]) -> Numbers: ...

    def by_sum(self, pairs: Sequence[tuple[str, str]]) -> Numbers: ...

    def by_picture(self) -> Numbers: ...


class BruteForce:
    """Every query against every picture, in float32."""

    def __init__(self, encoder: Encoder, scenes: Sequence[Scene]) -> None:
        self._encoder = encoder
        drawn = (draw_scene(scene) for scene in scenes)
        parts = iter(lambda: list(itertools.islice(drawn, 100)), [])
        self._images = np.concatenate([encoder.encode_images(part) for part in parts])

    def by_text(self, texts: Sequence[str]) -> Numbers:
        return self._best(self._encoder.encode_texts(texts) @ self._images.T)

    def by_sum(self, pairs: Sequence[tuple[str, str]]) -> Numbers:
        first, second = (self._encoder.encode_texts(side) for side in zip(*pairs, strict=True))
        return self._best((first + second) @ self._images.T)

    def by_picture(self) -> Numbers:
        similarities = self._images @ self._images.T
        np.fill_diagonal(similarities, -1)
        return self._best(similarities)

    def _best(self, similarities: Vectors) -> Numbers:
        return np.argsort(-similarities, axis=1)[:, :TOP]


class ThroughClipsql:
    """The same pictures ingested as files into an embedded server; texts are embedded inside PostgreSQL."""

    def __init__(self, engine: Engine, folder: Path, model: Path, scenes: Sequence[Scene]) -> None:
        for number, scene in enumerate(scenes):
            draw_scene(scene).save(folder / f"{number:05}.png")
        row, encoder = register_model(engine, str(model), name="box")
        Indexer(engine, encoder, row).ingest(open_source(folder), IngestOptions(collection="scenes"))
        self._engine = engine
        with engine.connect() as connection:
            rows = connection.execute(sa.select(orm.Image.image_id, orm.Image.url)).all()
        self._numbers = {image_id: int(Path(url).stem) for image_id, url in rows}
        self._ids = {number: image_id for image_id, number in self._numbers.items()}

    def by_text(self, texts: Sequence[str]) -> Numbers:
        return self._found(orm.search_text(text, max_results=TOP) for text in texts)

    def by_sum(self, pairs: Sequence[tuple[str, str]]) -> Numbers:
        return self._found(
            orm.search(orm.mix([orm.embed_text(first), orm.embed_text(second)]), max_results=TOP)
            for first, second in pairs
        )

    def by_picture(self) -> Numbers:
        return self._found(
            orm.search_similar(self._ids[number], max_results=TOP) for number in range(len(self._ids))
        )

    def _found(self, searches: Iterable[TableValuedAlias]) -> Numbers:
        with self._engine.connect() as connection:
            return np.array(
                [
                    [
                        self._numbers[image_id]
                        for image_id in connection.scalars(sa.select(found.c.image_id).order_by(found.c.rank))
                    ]
                    for found in searches
                ]
            )


def precision(queries: Iterable[Query], scenes: Sequence[Scene], finder: Finder) -> tuple[float, float, int]:
    """Mean precision@10, what chance would give, and the number of queries that could be asked."""
    asked, true = [], []
    for query in queries:
        truth = np.array([query.holds(scene) for scene in scenes])
        if truth.sum() >= TOP:
            asked.append(query.text)
            true.append(truth)
    return _precision(finder.by_text(asked), np.stack(true))


def _precision(best: Numbers, true: np.ndarray) -> tuple[float, float, int]:
    return float(np.take_along_axis(true, best, axis=1).mean()), float(true.mean()), len(true)


def mixed_precision(
    words: dict[str, str], scenes: Sequence[Scene], finder: Finder
) -> tuple[float, float, int]:
    """Both true in the top 10 of the sum of two text vectors: every kind with every time."""
    pairs = list(itertools.product(KINDS, TIMES))
    true = np.array([[has(kind)(scene) and has(time)(scene) for scene in scenes] for kind, time in pairs])
    return _precision(finder.by_sum([(words[kind], words[time]) for kind, time in pairs]), true)


def picture_to_picture(scenes: Sequence[Scene], finder: Finder) -> Iterator[tuple[str, float, float]]:
    """What the ten nearest pictures keep of a picture: name, share, chance.

    Kind and colour are asked of pictures with one vehicle: is there a vehicle of its kind (of its colour) too?
    """
    best = finder.by_picture()
    alone = [number for number, scene in enumerate(scenes) if len(scene.vehicles) == 1]
    facts: dict[str, tuple[Sequence[int], Callable[[Scene], str]]] = {
        "time": (range(len(scenes)), lambda scene: scene.time),
        "weather": (range(len(scenes)), lambda scene: scene.weather),
        "place": (range(len(scenes)), lambda scene: scene.place),
        "kind": (alone, lambda scene: scene.vehicles[0].kind),
        "colour": (alone, lambda scene: scene.vehicles[0].colour),
    }
    for name, (askers, fact) in facts.items():
        holds = {value: np.array([has(value)(scene) for scene in scenes]) for value in map(fact, scenes)}
        kept = [holds[fact(scenes[asker])][best[asker]].mean() for asker in askers]
        chance = [holds[fact(scenes[asker])].mean() for asker in askers]
        yield name, float(np.mean(kept)), float(np.mean(chance))


def report(scenes: Sequence[Scene], finder: Finder) -> None:
    """Print every figure."""
    every_pair = set(itertools.product(COLOURS, KINDS))
    seen = every_pair - HELD_OUT_PAIRS
    for language, words in (("en", ENGLISH), ("zh", CHINESE)):
        groups: dict[str, Iterable[Query]] = {
            "kind": [Query(words[fact], has(fact)) for fact in KINDS],
            "colour": [Query(words[fact], has(fact)) for fact in COLOURS],
            "time": [Query(words[fact], has(fact)) for fact in TIMES],
            "weather": [Query(words[fact], has(fact)) for fact in WEATHERS],
            "place": [Query(words[fact], has(fact)) for fact in PLACES],
            "one attribute": [Query(text, has(fact)) for fact, text in words.items()],
            "colour + kind": pair_queries(seen, language),
            "colour + kind + time": pair_queries(seen, language, TIMES),
            "colour + kind + place": pair_queries(seen, language, PLACES),
            "colour + kind + weather": pair_queries(seen, language, WEATHERS),
            "colour + kind + any third": pair_queries(seen, language, (*TIMES, *PLACES, *WEATHERS)),
            "never seen colour + kind": pair_queries(HELD_OUT_PAIRS, language),
            "never seen colour + kind + time": pair_queries(HELD_OUT_PAIRS, language, TIMES),
        }
        for name, queries in groups.items():
            share, chance, asked = precision(queries, scenes, finder)
            print(f"{language}  {name:32}{share:6.3f}  (chance {chance:.3f}, {asked} queries)")
        for query in pair_queries(HELD_OUT_PAIRS, language):
            share, chance, _ = precision([query], scenes, finder)
            print(f"{language}    {query.text:30}{share:6.3f}  (chance {chance:.3f})")
        share, chance, asked = mixed_precision(words, scenes, finder)
        print(
            f"{language}  {'kind plus time, vectors summed':32}{share:6.3f}  (chance {chance:.3f}, {asked} sums)"
        )
    for name, share, chance in picture_to_picture(scenes, finder):
        print(f"picture to picture keeps {name:11}{share:6.3f}  (chance {chance:.3f})")


@click.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=MODEL_FOLDER)
@click.option("--scenes", "count", default=2000, show_default=True)
def main(model: Path, count: int) -> None:
    """Measure the model in the box on scenes it never saw."""
    scenes = [random_scene(FIRST_SEED + number) for number in range(count)]
    print("By brute force, float32:")
    report(scenes, BruteForce(load_encoder(str(model), dtype="float32"), scenes))
    folder = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    folder.chmod(0o711)  # the embedded server has a user of its own when this runs as root
    server = EmbeddedServer(folder / "home")
    try:
        engine = create_engine(server.start())
        migrating.upgrade(engine)
        pictures = folder / "pictures"
        pictures.mkdir()
        print("Through clipsql, pictures as ingest encodes them, texts inside PostgreSQL:")
        report(scenes, ThroughClipsql(engine, pictures, model, scenes))
        engine.dispose()
    finally:
        server.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
