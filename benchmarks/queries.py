"""Joint queries, negatives and fusions: what the first ten pictures of fixed queries hold, by known facts.

    python benchmarks/queries.py demo
    python benchmarks/queries.py photos ../shared/data

`demo` asks the 600 frames of `clipsql demo`, whose facts are known; `photos` the 1,000 validation photos of Flickr8k
with the model photo-dual, where a fact holds when a caption names it. The queries below were written down before
anything was measured and are left as they were.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from servers import temporary_database

from clipsql.db.calls.arguments import Fusion
from clipsql.demo import world
from clipsql.demo.cameras import week_of_frames
from clipsql.demo.scenes_facts import Scene
from clipsql.demo.tour import MODEL
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.search.searcher import Searcher
from clipsql.sources import open_source

Facts = Mapping[str, set[str]]
"""What each picture holds, by the name of its file."""


@dataclass(frozen=True)
class Term:
    """A text, and the facts of which one must hold where the text is true."""

    text: str
    facts: frozenset[str]


def term(text: str, *facts: str) -> Term:
    """A text and its facts."""
    return Term(text, frozenset(facts))


DEMO_PAIRS = (
    (term("a bus", "bus"), term("at night", "night")),
    (term("a truck", "truck"), term("in the rain", "rain")),
    (term("a motorcycle", "motorcycle"), term("in a tunnel", "tunnel")),
    (term("a red car", "red car"), term("on a bridge", "bridge")),
    (term("a bicycle", "bicycle"), term("in the snow", "snow")),
    (term("a van", "van"), term("in the fog", "fog")),
    (term("a car", "car"), term("at dusk", "dusk")),
    (term("a bus", "bus"), term("on a highway", "highway")),
    (term("in the rain", "rain"), term("at night", "night")),
    (term("a bus", "bus"), term("a car", "car")),
    (term("a truck", "truck"), term("a motorcycle", "motorcycle")),
    (term("a green vehicle", "green"), term("a red vehicle", "red")),
)
DEMO_NEGATIVES = (
    (term("a bus", "bus"), term("at night", "night")),
    (term("a truck", "truck"), term("in the rain", "rain")),
    (term("a red car", "red car"), term("on a bridge", "bridge")),
    (term("at night", "night"), term("in the rain", "rain")),
    (term("a van", "van"), term("on a highway", "highway")),
    (term("in the snow", "snow"), term("on a street", "street")),
    (term("a bicycle", "bicycle"), term("in the daytime", "day")),
    (term("a bus", "bus"), term("a car", "car")),
)
PHOTO_PAIRS = (
    (term("a dog", "dog", "dogs"), term("snow", "snow", "snowy")),
    (term("a dog", "dog", "dogs"), term("a ball", "ball")),
    (term("a dog", "dog", "dogs"), term("water", "water", "lake", "ocean", "river", "pool")),
    (term("a boy", "boy", "boys"), term("a swimming pool", "pool")),
    (term("a man", "man", "men"), term("a bicycle", "bicycle", "bike", "bikes", "biker")),
    (term("a girl", "girl", "girls"), term("a dress", "dress")),
    (term("people", "people", "group", "crowd"), term("a beach", "beach")),
    (term("a woman", "woman", "women"), term("a hat", "hat")),
    (term("a man", "man", "men"), term("a mountain", "mountain", "mountains", "cliff", "rock")),
    (term("children", "children", "kids"), term("grass", "grass", "grassy", "field")),
)
PHOTO_NEGATIVES = (
    (term("a dog", "dog", "dogs"), term("grass", "grass", "grassy", "field")),
    (term("a dog", "dog", "dogs"), term("snow", "snow", "snowy")),
    (term("a man", "man", "men"), term("a bicycle", "bicycle", "bike", "bikes", "biker")),
    (term("a boy", "boy", "boys"), term("water", "water", "lake", "ocean", "river", "pool")),
    (term("people", "people", "group", "crowd"), term("a beach", "beach")),
    (term("a girl", "girl", "girls"), term("a pink dress", "pink")),
)
PICTURES_WITH_TEXTS = (term("at night", "night"), term("in the rain", "rain"), term("in the snow", "snow"))
"""Each is added to every 30th frame of the demo where it does not hold: the same kind of vehicle so is wanted."""

_K = 10


@click.group()
def commands() -> None:
    """Measure joint queries, negatives and fusions."""


@commands.command()
def demo() -> None:
    """On the collection of `clipsql demo`."""
    with temporary_database() as (engine, folder):
        world.set_up(engine, folder / "demo", frames=600)
        facts = {
            f"frame-{number:04}.jpg": _facts(frame.scene) for number, frame in enumerate(week_of_frames(600))
        }
        searcher = Searcher(engine, model=MODEL)
        show_pairs(searcher, facts, DEMO_PAIRS)
        show_negatives(searcher, facts, DEMO_NEGATIVES)
        show_pictures_with_texts(searcher, facts)


@commands.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
def photos(data: Path) -> None:
    """On photographs in the folder DATA."""
    folder = data.resolve() / "flickr8k-val"
    with (folder / "split.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["part"] == "val"]
    facts: dict[str, set[str]] = {Path(name).name: set() for name in names}
    for line in (folder / "captions.tsv").read_text("utf-8").splitlines()[1:]:
        name, caption = line.split("\t")
        if Path(name).name in facts:
            facts[Path(name).name] |= set(re.findall(r"[a-z]+", caption.lower()))
    with temporary_database() as (engine, home):
        model, encoder = register_model(engine, str(data / "models" / "photo-dual"), dtype="float32")
        manifest = home / "manifest.csv"
        manifest.write_text("file\n" + "".join(f"{folder / name}\n" for name in names), encoding="utf-8")
        report = Indexer(engine, encoder, model).ingest(
            open_source(manifest), IngestOptions(collection="photos")
        )
        assert not report.problems, report.problems
        searcher = Searcher(engine)
        show_pairs(searcher, facts, PHOTO_PAIRS)
        show_negatives(searcher, facts, PHOTO_NEGATIVES)


def show_pairs(searcher: Searcher, facts: Facts, pairs: Sequence[tuple[Term, Term]]) -> None:
    """Share of the first ten that hold both, for either text alone, the two fused, and one text of both."""
    ways: dict[str, tuple[str, Fusion]] = {
        "A": ("{a}", "weighted sum"),
        "B": ("{b}", "weighted sum"),
        "A + B, weighted sum": ("{a} + {b}", "weighted sum"),
        "mean similarity": ("{a} + {b}", "mean similarity"),
        "minimum similarity": ("{a} + {b}", "minimum similarity"),
        "one text": ("{a} {b}", "weighted sum"),
    }
    print(
        f"\nBoth A and B in the first {_K}\n\n| A, B | all | {' | '.join(ways)} |\n|---|---|{'---|' * len(ways)}"
    )
    figures = []
    for a, b in pairs:
        both = [bool(found & a.facts and found & b.facts) for found in facts.values()]
        row = [float(np.mean(both))]
        for expression, fusion in ways.values():
            asked = expression.format(a=a.text, b=b.text)
            found = [facts[name] for name in _ask(searcher, asked, fusion=fusion)]
            row.append(float(np.mean([bool(f & a.facts and f & b.facts) for f in found])))
        figures.append(row)
        print(f"| {a.text}, {b.text} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    print("| **mean** | " + " | ".join(f"**{value:.3f}**" for value in np.mean(figures, axis=0)) + " |")


def show_negatives(searcher: Searcher, facts: Facts, pairs: Sequence[tuple[Term, Term]]) -> None:
    """Share of the first ten that hold A, and that hold B, with B taken off by several weights."""
    ways = ("{a}", "{a} - 0.25*{b}", "{a} - 0.5*{b}", "{a} - {b}")
    titles = " | ".join(way.format(a="A", b="B") + ": A, B" for way in ways)
    print(f"\nA without B in the first {_K}\n\n| A, B | {titles} |\n|---|{'---|' * len(ways)}")
    figures = []
    for a, b in pairs:
        row = []
        for way in ways:
            found = [facts[name] for name in _ask(searcher, way.format(a=a.text, b=b.text))]
            row.append(
                (np.mean([bool(f & a.facts) for f in found]), np.mean([bool(f & b.facts) for f in found]))
            )
        figures.append(row)
        print(f"| {a.text}, {b.text} | " + " | ".join(f"{x:.1f}, {y:.1f}" for x, y in row) + " |")
    means = np.mean(figures, axis=0)
    print("| **mean** | " + " | ".join(f"**{x:.2f}, {y:.2f}**" for x, y in means) + " |")


def show_pictures_with_texts(searcher: Searcher, facts: Facts) -> None:
    """Share of the first ten with the picture's kind of vehicle under the text's condition."""
    kinds = {"car", "van", "truck", "bus", "motorcycle", "bicycle"}
    ways: dict[str, tuple[str, Fusion]] = {
        "picture": ("image:{id}", "weighted sum"),
        "text": ("{text}", "weighted sum"),
        "picture + text": ("image:{id} + {text}", "weighted sum"),
        "picture + 2*text": ("image:{id} + 2*{text}", "weighted sum"),
        "minimum similarity": ("image:{id} + {text}", "minimum similarity"),
    }
    print(f"\nA picture plus a text: same kind of vehicle, so, in the first {_K}\n")
    print("| | same kind | so | both |\n|---|---|---|---|")
    names = list(facts)
    for title, (expression, fusion) in ways.items():
        figures = []
        for asked in PICTURES_WITH_TEXTS:
            for number in range(0, len(names), 30):
                wanted = facts[names[number]] & kinds
                if facts[names[number]] & asked.facts:
                    continue
                found = _ask(searcher, expression.format(id=number + 1, text=asked.text), fusion=fusion)
                held = [(bool(facts[name] & wanted), bool(facts[name] & asked.facts)) for name in found]
                figures.append(
                    [
                        np.mean([same for same, _ in held]),
                        np.mean([so for _, so in held]),
                        np.mean([same and so for same, so in held]),
                    ]
                )
        print(f"| {title} | " + " | ".join(f"{value:.2f}" for value in np.mean(figures, axis=0)) + " |")


def _ask(searcher: Searcher, expression: str, *, fusion: Fusion = "weighted sum") -> list[str]:
    matches = searcher.search_query(expression, fusion=fusion, max_results=_K)
    return [match.url.rpartition("/")[2] for match in matches]


def _facts(scene: Scene) -> set[str]:
    found = {scene.time, scene.weather, scene.place}
    for vehicle in scene.vehicles:
        found |= {vehicle.kind, vehicle.colour, f"{vehicle.colour} {vehicle.kind}"}
    return found


if __name__ == "__main__":
    commands()
