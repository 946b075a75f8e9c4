"""Measure the models in the box that look at picture and text together: `python benchmarks/matching.py`.

On scenes that no model saw: are exchanged colours told apart, by the model that matches and by the cosine of the model
in the box? Is what the model that describes says true? And what does looking again at the nearest pictures do to a
search? Intervals hold in 95 of 100 cases, by resampling scenes or queries. `--scenes 150 --queries 20` is quick.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy; torch has threads of its own

import random
from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipsql.demo import DESCRIBING_FOLDER, MATCHING_FOLDER, MODEL_FOLDER
from clipsql.demo.captions import Claims, phrase, scene_facts
from clipsql.demo.scenes import PICTURE_SIZE, Scene, draw_scene, random_scene
from clipsql.demo.sentences import full_claims, read_sentence, swapped, vehicles_in_words
from clipsql.demo.training_scenes import HELD_OUT_PAIRS
from clipsql.encoding.describing import load_describer
from clipsql.encoding.loading import load_encoder
from clipsql.encoding.matching import CrossEncoder, load_cross_encoder
from clipsql.processes import helpers

FIRST_SEED = 910_000_000
"""Far above the seeds of the training scenes."""

RESAMPLES = 2000
CANDIDATES, TOP = 50, 10
WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0)
"""Of the cosine, as the logit that it has under the model in the box, beside the logit of a match."""

Scores = NDArray[np.float64]


def interval(values: Sequence[float]) -> str:
    """The mean, and between what it lies in 95 of 100 resamples."""
    held = np.asarray(values, float)
    chance = np.random.default_rng(0)
    means = held[chance.integers(0, len(held), (RESAMPLES, len(held)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{held.mean():.3f} ({low:.3f} .. {high:.3f})"


@dataclass(frozen=True)
class Pictures:
    """Scenes that no model saw, drawn, with their embeddings under the model in the box."""

    scenes: list[Scene]
    images: list[Image.Image]
    embeddings: NDArray[np.float32]


def exchanged_colours(pictures: Pictures, matcher: CrossEncoder) -> None:
    """For scenes with two vehicles of two colours: the text, and the one with their colours exchanged."""
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    for language in ("plain", "en", "zh"):
        unseen: list[bool] = []
        pairs: list[tuple[int, str, str]] = []
        for number, scene in enumerate(pictures.scenes):
            claims = Claims(vehicles=full_claims(scene).vehicles)
            other = swapped(claims, random.Random(number))
            if other is None or other.facts <= scene_facts(scene):
                continue
            texts = [
                vehicles_in_words(one)
                if language == "plain"
                else phrase(one, random.Random(number), language)
                for one in (claims, other)
            ]
            pairs.append((number, texts[0], texts[1]))
            unseen.append(any(pair in HELD_OUT_PAIRS for pair in claims.vehicles))
        images = [pictures.images[number] for number, _, _ in pairs]
        true, false = ([pair[place] for pair in pairs] for place in (1, 2))
        vectors = pictures.embeddings[[number for number, _, _ in pairs]]
        by_match = (matcher.scores(images, true) > matcher.scores(images, false)).astype(float)
        cosines = [(vectors * encoder.encode_texts(texts)).sum(axis=1) for texts in (true, false)]
        by_cosine = (cosines[0] > cosines[1]).astype(float)
        new = np.asarray(unseen)
        print(f"| {language} | {len(pairs)} | {interval(by_match)} | {interval(by_cosine)} |")
        print(
            f"| {language}, unseen pairs | {new.sum()} | {interval(by_match[new])} | {interval(by_cosine[new])} |"
        )


def descriptions(pictures: Pictures) -> None:
    """How much of what is said is true, and how much of what there is is said."""
    said = load_describer(str(DESCRIBING_FOLDER)).describe(pictures.images)
    whole, complete, facts, unseen = [], [], [], []
    for text, scene in zip(said, pictures.scenes, strict=True):
        claims = read_sentence(text)
        stated = claims.facts if claims else frozenset[int]()
        held = scene_facts(scene)
        whole.append(float(claims is not None and stated <= held))
        complete.append(float(claims is not None and full_claims(scene).facts <= stated))
        facts += [float(fact in held) for fact in stated] or [0.0]
        unseen.append(any((one.colour, one.kind) in HELD_OUT_PAIRS for one in scene.vehicles))
    new = np.asarray(unseen)
    for name, values in (
        ("all that a description says is true", np.asarray(whole)),
        ("the same, no pair of colour and kind unseen", np.asarray(whole)[~new]),
        ("the same, with an unseen pair", np.asarray(whole)[new]),
        ("a fact that it states is true", np.asarray(facts)),
        ("it says all: every vehicle, time, weather and place", np.asarray(complete)),
    ):
        print(f"| {name} | {len(values)} | {interval(values)} |")


def reranking(pictures: Pictures, matcher: CrossEncoder, queries: int) -> None:
    """Precision at the number of pictures that a text is true of, 10 at most, for texts of two vehicles."""
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    facts = [scene_facts(scene) for scene in pictures.scenes]
    asked: list[tuple[str, list[bool]]] = []
    for scene in pictures.scenes:
        claims = Claims(vehicles=full_claims(scene).vehicles[:2])
        if len(claims.vehicles) == 2 and len(asked) < queries:
            asked.append((vehicles_in_words(claims), [claims.facts <= held for held in facts]))
    precision: dict[str, list[float]] = {}
    for text, true in asked:
        cosines = pictures.embeddings @ encoder.encode_texts([text])[0]
        nearest = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        scores = matcher.scores([pictures.images[number] for number in nearest], [text] * len(nearest))
        chances = np.clip(scores.astype(float), 1e-7, 1 - 1e-7)
        logits = np.log(chances / (1 - chances))
        wanted = min(TOP, sum(true))
        ways: dict[str, Scores] = {"cosine alone": cosines[nearest].astype(float)}
        for weight in WEIGHTS:
            ways[f"match, with {weight} of the cosine"] = (
                logits + weight * encoder.logit_scale * cosines[nearest]
            )
        for way, values in ways.items():
            best = nearest[np.argsort(-values, kind="stable")[:wanted]]
            precision.setdefault(way, []).append(float(np.mean([true[number] for number in best])))
        found = sum(true[number] for number in nearest) / sum(true)
        precision.setdefault(f"(share of the right ones among the {CANDIDATES})", []).append(found)
    for way, values in precision.items():
        print(f"| {way} | {len(values)} | {interval(values)} |")


@click.command()
@click.option("--scenes", "count", default=600, show_default=True)
@click.option("--queries", default=80, show_default=True)
def main(count: int, queries: int) -> None:
    """Print three tables."""
    scenes = [random_scene(FIRST_SEED + number) for number in range(count)]
    with helpers(os.cpu_count() or 1) as pool:
        images = list(pool.map(draw_scene, scenes, chunksize=25))
    assert images[0].size == PICTURE_SIZE
    embeddings = load_encoder(str(MODEL_FOLDER), dtype="float32").encode_images(images)
    pictures = Pictures(scenes, images, embeddings)
    matcher = load_cross_encoder(str(MATCHING_FOLDER))
    print("| exchanged colours told apart | pictures | match | cosine |\n|---|---|---|---|")
    exchanged_colours(pictures, matcher)
    print("\n| descriptions | of | share |\n|---|---|---|")
    descriptions(pictures)
    print("\n| two vehicles in one text | queries | precision |\n|---|---|---|")
    reranking(pictures, matcher, queries)


if __name__ == "__main__":
    main()
