"""Search by text through clipsql finds what brute force over the model's own embeddings finds."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from sqlalchemy.engine import Engine

from clipsql.images.decoding import decode
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.search.searcher import Searcher
from clipsql.sources import open_source

PHOTOS = int(os.environ.get("CLIPSQL_RECALL_PHOTOS", "120"))
"""Photos to search among; all 1,000 of the validation part take minutes."""


def test_text_to_image_recall_equals_that_of_brute_force(
    engine: Engine, shared_data: Path, tmp_path: Path
) -> None:
    photos = shared_data / "flickr8k-val"
    with (photos / "split.csv").open(newline="") as stream:
        names = [row["file"] for row in csv.DictReader(stream) if row["part"] == "val"][:PHOTOS]
    captions: dict[str, list[str]] = {name: [] for name in names}
    with (photos / "captions.tsv").open() as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["file"] in captions:
                captions[row["file"]].append(row["caption"])
    manifest = tmp_path / "m.csv"
    with manifest.open("w", newline="") as stream:
        csv.writer(stream).writerows([("file",), *((photos / name,) for name in names)])

    model, encoder = register_model(engine, str(shared_data / "models" / "photo-dual"))
    Indexer(engine, encoder, model).ingest(open_source(manifest), IngestOptions(collection="c"))
    searcher = Searcher(engine)

    pictures = [decode((photos / name).read_bytes()).pixels for name in names]
    images = encoder.encode_images(pictures)
    queries = [(number, body) for number, name in enumerate(names) for body in captions[name]]
    texts = encoder.encode_texts([body for _, body in queries])
    found: list[int] = []
    expected: list[int] = []
    for (number, _), text in zip(queries, texts, strict=True):
        scores = images @ text
        expected.append(int((scores > scores[number]).sum()))
        urls = [match.url for match in searcher.search(text.tolist(), max_results=10)]
        url = (photos / names[number]).resolve().as_uri()
        found.append(urls.index(url) if url in urls else 10)
    for at in (1, 5, 10):
        ours, brute = (100 * float(np.mean(np.array(ranks) < at)) for ranks in (found, expected))
        print(f"recall@{at}: {ours:.2f} % through clipsql, {brute:.2f} % by brute force")  # noqa: T201
        assert abs(ours - brute) <= 0.5
    first = queries[0][1]
    assert [match.url for match in searcher.search_text(first)] == [
        match.url for match in searcher.search(texts[0].tolist())
    ]
