"""Does a hybrid search beat both of its halves? `python benchmarks/hybrid.py ../shared/data`

Data: the 1,000 validation photos of flickr8k-val with five captions each, and the model photo-dual, which has seen
none of them. Protocol, fixed before anything was measured; photos are numbered in the order of split.csv, captions of
a photo 0 to 4:

A. Half of the captions are hidden: caption k of photo n is stored if n + k is even. Every hidden one is a query
   (2,500).
B. Half of the photos have no caption: of photos with odd n captions 0 to 3 are stored, of the others none. Caption 4
   of every photo is a query (1,000).

A query's answer is the photo that it was written for: recall@k is the share of queries that have it among the first k.
The halves are `clipsql.search_hybrid` itself with one of its weights 0, all with default settings. The ranking by
words was chosen on the 1,000 `extra` photos, by words alone. One thing was changed after the first measurement: a
picture without captions got nothing for words then, and hybrid had a recall@10 of 0.446 in B, below vectors alone.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import sqlalchemy as sa
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.sources import open_source

WEIGHTS = {
    "vectors alone": (0.0, 1.0),
    "captions alone": (1.0, 0.0),
    "hybrid": (1.0, 1.0),
}
"""Text and vector weight."""

DEPTHS = (1, 5, 10)


@dataclass(frozen=True)
class Protocol:
    """Which captions of a photo are stored, and which are asked."""

    title: str
    is_stored: Callable[[int, int], bool]
    is_asked: Callable[[int, int], bool]


PROTOCOLS = (
    Protocol(
        "A. half of the captions hidden",
        lambda photo, caption: (photo + caption) % 2 == 0,
        lambda photo, caption: (photo + caption) % 2 == 1,
    ),
    Protocol(
        "B. half of the photos without captions",
        lambda photo, caption: photo % 2 == 1 and caption < 4,
        lambda _photo, caption: caption == 4,
    ),
)


def read_captions(folder: Path) -> dict[str, list[str]]:
    """Captions of the validation photos, by file."""
    with (folder / "split.csv").open(encoding="utf-8") as file:
        captions: dict[str, list[str]] = {
            row["file"]: [] for row in csv.DictReader(file) if row["part"] == "val"
        }
    lines = (folder / "captions.tsv").read_text("utf-8").splitlines()[1:]
    for name, caption in (line.split("\t") for line in lines):
        if name in captions:
            captions[name].append(caption)
    return captions


def write_manifest(path: Path, photos: Path, captions: dict[str, list[str]], protocol: Protocol) -> None:
    """A JSON line for each photo with the captions that are stored."""
    with path.open("w", encoding="utf-8") as file:
        for photo, (name, texts) in enumerate(captions.items()):
            stored = [text for number, text in enumerate(texts) if protocol.is_stored(photo, number)]
            file.write(json.dumps({"file": str(photos / name), "captions": stored}) + "\n")


def places(engine: Engine, queries: Sequence[tuple[str, str]], weights: tuple[float, float]) -> np.ndarray:
    """For each (file, text) the place of its photo among the first ten, 11 when it is not there."""
    statement = sa.text(
        "select min(s.rank) from clipsql.search_hybrid(:query, 10, text_weight => :text_weight,"
        " vector_weight => :vector_weight) as s where s.url like '%/' || :name"
    )
    with engine.connect() as connection:
        found = [
            connection.scalar(
                statement,
                {"query": text, "name": name, "text_weight": weights[0], "vector_weight": weights[1]},
            )
            for name, text in queries
        ]
    return np.array([place or 11 for place in found])


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
def main(data: Path) -> None:
    """Measure hybrid search on the test data in the folder DATA."""
    photos = data.resolve() / "flickr8k-val"
    captions = read_captions(photos)
    for protocol in PROTOCOLS:
        with temporary_database() as (engine, folder):
            model, encoder = register_model(engine, str(data / "models" / "photo-dual"), dtype="float32")
            manifest = folder / "manifest.jsonl"
            write_manifest(manifest, photos, captions, protocol)
            report = Indexer(engine, encoder, model).ingest(
                open_source(manifest), IngestOptions(collection="photos")
            )
            assert not report.problems, report.problems
            queries = [
                (name, text)
                for photo, (name, texts) in enumerate(captions.items())
                for number, text in enumerate(texts)
                if protocol.is_asked(photo, number)
            ]
            with engine.connect() as connection:
                stored = connection.scalar(sa.text("select count(*) from clipsql.caption"))
            print(
                f"\n{protocol.title}: {len(captions)} photos, {stored} captions stored, {len(queries)} queries"
            )
            for name, weights in WEIGHTS.items():
                started = time.perf_counter()
                found = places(engine, queries, weights)
                each_ms = 1000 * (time.perf_counter() - started) / len(queries)
                recalls = "  ".join(f"recall@{depth} {(found <= depth).mean():.3f}" for depth in DEPTHS)
                print(f"  {name:16}{recalls}  {each_ms:.1f} ms a query", flush=True)


if __name__ == "__main__":
    main()
