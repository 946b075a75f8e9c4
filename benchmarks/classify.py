"""Are clipsql's zero-shot labels those of brute force, and how often are they right?

`python benchmarks/classify.py [--data ../shared/data]`

The labelled sets: drawn scenes that the model in the box never saw, whose weather, time, place and, where one vehicle
is alone, kind and colour the renderer knows. With the test data also the 864 frames of three London cameras by day and
night: the clock knows the sun (up 06:30 to 17:55 UTC on that day), and photo-dual has never seen these. Brute force:
transformers' embeddings in float32, all in numpy.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from PIL import Image
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene, draw_scene, random_scene
from clipsql.encoding import Encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.sources import open_source

FIRST_SEED = 800_000_000
SUNRISE, SUNSET = dt.time(6, 30), dt.time(17, 55)


@dataclass(frozen=True)
class Question:
    """Labels, the templates around them, and the true label of a picture: None when it must not be asked."""

    title: str
    labels: Sequence[str]
    templates: Sequence[str]
    truth: Sequence[str | None]


def scene_questions(scenes: Sequence[Scene]) -> list[Question]:
    """What the renderer knows."""

    def alone(scene: Scene) -> bool:
        return len(scene.vehicles) == 1

    return [
        Question("time", TIMES, ("at {}", "a road by {}"), [scene.time for scene in scenes]),
        Question("weather", WEATHERS, ("in {}", "{} weather"), [scene.weather for scene in scenes]),
        Question("place", PLACES, ("on a {}",), [scene.place for scene in scenes]),
        Question(
            "kind of the only vehicle",
            KINDS,
            ("a {}", "a photo of a {}"),
            [scene.vehicles[0].kind if alone(scene) else None for scene in scenes],
        ),
        Question(
            "colour of the only vehicle",
            COLOURS,
            ("a {} vehicle",),
            [scene.vehicles[0].colour if alone(scene) else None for scene in scenes],
        ),
    ]


def brute_force(encoder: Encoder, images: np.ndarray, question: Question) -> tuple[list[str], np.ndarray]:
    """Likeliest label of each picture and its probability."""
    directions = []
    for label in question.labels:
        mean = encoder.encode_texts([one.replace("{}", label) for one in question.templates]).mean(axis=0)
        directions.append(mean / np.linalg.norm(mean))
    logits = encoder.logit_scale * images @ np.stack(directions).T
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return [question.labels[best] for best in probabilities.argmax(axis=1)], probabilities.max(axis=1)


def compare(
    engine: Engine, encoder: Encoder, pictures: Sequence[Image.Image], questions: Sequence[Question]
) -> None:
    """Ask SQL and numpy every question and print what they say; picture n has image_id n + 1."""
    parts = iter(pictures)
    embedded = [encoder.encode_images(part) for part in iter(lambda: list(itertools.islice(parts, 64)), [])]
    images = np.concatenate(embedded)
    searcher = Searcher(engine)
    for question in questions:
        started = time.perf_counter()
        found = searcher.classify_images(question.labels, templates=question.templates)
        seconds = time.perf_counter() - started
        labels, probabilities = brute_force(encoder, images, question)
        asked = [number for number, truth in enumerate(question.truth) if truth is not None]
        right = np.mean([found[number].label == question.truth[number] for number in asked])
        right_there = np.mean([labels[number] == question.truth[number] for number in asked])
        same = np.mean([found[number].label == labels[number] for number in range(len(labels))])
        apart = max(
            abs(one.probability - there)
            for one, label, there in zip(found, labels, probabilities, strict=True)
            if one.label == label
        )
        print(
            f"  {question.title:28} clipsql {right:.3f}  brute force {right_there:.3f}  same label {same:.4f}  "
            f"probabilities differ by {apart:.4f} at most  "
            f"({len(asked)} pictures, {len(question.labels)} labels, all {len(labels)} in {1000 * seconds:.0f} ms)"
        )


def demo_scenes(count: int) -> None:
    """The drawn scenes."""
    scenes = [random_scene(FIRST_SEED + number) for number in range(count)]
    pictures = [draw_scene(scene) for scene in scenes]
    with temporary_database() as (engine, folder):
        model, encoder = register_model(engine, str(MODEL_FOLDER), dtype="float32")
        (folder / "scenes").mkdir()
        for number, picture in enumerate(pictures):
            picture.save(folder / "scenes" / f"{number:05}.png")
        Indexer(engine, encoder, model).ingest(
            open_source(folder / "scenes"), IngestOptions(collection="scenes")
        )
        print(f"{count} drawn scenes, the model in the box:")
        compare(engine, encoder, pictures, scene_questions(scenes))


def traffic(data: Path) -> None:
    """Day and night of the London cameras."""
    folder = data.resolve() / "traffic"
    with (folder / "frames.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "notes.csv").open(encoding="utf-8") as file:
        notes = list(csv.DictReader(file))
    truth = [
        None
        if note["placeholder"] == "1"
        else "day"
        if SUNRISE <= dt.datetime.fromisoformat(row["taken_at"]).time() < SUNSET
        else "night"
        for row, note in zip(rows, notes, strict=True)
    ]
    with temporary_database() as (engine, _):
        model, encoder = register_model(engine, str(data / "models" / "photo-dual"), dtype="float32")
        Indexer(engine, encoder, model).ingest(
            open_source(folder / "frames.csv"), IngestOptions(collection="traffic")
        )
        pictures = [Image.open(folder / row["file"]).convert("RGB") for row in rows]
        print(f"{len(rows)} frames of London cameras, photo-dual:")
        question = Question("day or night", ("day", "night"), ("a street at {}", "cars at {}"), truth)
        compare(engine, encoder, pictures, [question])


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="The folder of the test data.")
@click.option("--scenes", default=2000, show_default=True)
def main(data: Path | None, scenes: int) -> None:
    """Compare clipsql's zero-shot labels with brute force and with the truth."""
    demo_scenes(scenes)
    if data is not None:
        traffic(data)


if __name__ == "__main__":
    main()
