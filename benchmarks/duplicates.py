"""Are the pictures that `clipsql dedup` calls copies copies, and which copies does it find?

`python benchmarks/duplicates.py [--data ../shared/data] [--pages FOLDER]`

Protocol: a pair is what is kept and what is called its copy; it is right when both are the same photograph. Precision
is the share of right pairs, recall the share of made copies that are in a right pair. Without the test data: drawn
product photos of clothing on the same ground, 144 different garments, and the frames of the demo's fixed cameras. With
it: 864 frames of three London cameras, of which 108 repeat the bytes of another, and 1,000 photos of Flickr8k; no two
others are the same photograph: empty roads at night differ in the clock. Of each set some have copies, a fourteenth
made in each way.

Beside it in the same run the old rule: a cosine of at least 0.7, difference hashes that differ in at most 10 bits of
64, and a copy of a copy is one too. And similarity alone: a cosine of at least 0.98, chained in the same way.
`--pages` writes the pairs that the new rule found, to be looked at.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter

import click
import numpy as np
from duplicates_pictures import Sample, garments, with_copies
from numpy.typing import NDArray
from PIL import Image
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.db.duplicates import fingerprints
from clipsql.db.models import ModelRow
from clipsql.demo import MODEL_FOLDER
from clipsql.demo.frames import draw_frames
from clipsql.duplicates.finding import MAX_DIFFERENCE, find_duplicates, large_groups, pairs_of
from clipsql.duplicates.page import write_pairs
from clipsql.images.decoding import decode
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.models import register_model
from clipsql.sources import open_source

LOOSE = 4.0
"""The limit that the help names for collections without fixed cameras."""

Pairs = list[tuple[str, str]]
"""Names of what is kept and of its copy."""


def drawn_frames(folder: Path, count: int) -> list[Sample]:
    """Frames of the demo's fixed cameras."""
    draw_frames(folder, count)
    return [
        Sample(file.name, file.read_bytes(), source=file.name)
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".jpg", ".png"}
    ]


def traffic(data: Path) -> list[Sample]:
    """Frames of three London cameras; what repeats another's bytes is the same photograph."""
    with (data / "traffic" / "frames.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    held = [(data / "traffic" / name).read_bytes() for name in names]
    digests = [hashlib.sha256(content).hexdigest() for content in held]
    return [
        Sample(
            name.replace("/", "-"),
            content,
            source=digest,
            made_as="stored twice" if digest in digests[:n] else None,
        )
        for n, (name, content, digest) in enumerate(zip(names, held, digests, strict=True))
    ]


def photos(data: Path) -> list[Sample]:
    """Photos of Flickr8k."""
    files = sorted((data / "flickr8k-val" / "images").iterdir())[:1000]
    return [Sample(file.name, file.read_bytes(), source=file.name) for file in files]


def chained(
    samples: Sequence[Sample], embeddings: NDArray[np.float32], joined: Callable[[int], NDArray[np.bool_]]
) -> Pairs:
    """The pairs when a copy of a copy is one too; `joined` are those that look like a picture."""
    group = np.arange(len(samples))
    for number in range(len(samples)):
        near = np.flatnonzero(joined(number))
        for other in near[np.argsort(-(embeddings[near] @ embeddings[number]))][:21]:
            group[group == group[other]] = group[number]
    pixels = [np.prod(Image.open(io.BytesIO(sample.data)).size) for sample in samples]
    pairs = []
    for members in (np.flatnonzero(group == one) for one in np.unique(group)):
        kept = max(members, key=lambda number: (pixels[number], -number))
        pairs += [(samples[kept].name, samples[number].name) for number in members if number != kept]
    return pairs


def difference_hash(data: bytes) -> NDArray[np.bool_]:
    """Is each of 8 x 8 places brighter than its right neighbour?"""
    grey = np.asarray(decode(data, target_size=224).pixels.convert("L").resize((9, 8), Image.Resampling.BOX))
    return (grey[:, :-1] > grey[:, 1:]).ravel()


def show(title: str, samples: Iterable[Sample], pairs: Pairs) -> None:
    """Precision, and recall by how copies were made."""
    by_name = {sample.name: sample for sample in samples}
    right = [(kept, copy) for kept, copy in pairs if by_name[kept].source == by_name[copy].source]
    found = {name for pair in right for name in pair}
    made = Counter(sample.made_as for sample in by_name.values() if sample.made_as)
    got = Counter(sample.made_as for sample in by_name.values() if sample.made_as and sample.name in found)
    precision = f"{len(right) / len(pairs):.4f}" if pairs else "none found"
    print(f"  {title}: precision {precision} of {len(pairs):,} pairs, {len(pairs) - len(right):,} wrong")
    print(
        "    recall " + "  ".join(f"{kind} {got[kind] / count:.2f}" for kind, count in sorted(made.items()))
    )


def measure(
    title: str,
    samples: list[Sample],
    engine: Engine,
    model: ModelRow,
    indexer: Indexer,
    folder: Path,
    page: Path | None,
) -> None:
    """Ingest a set and judge the rules by it."""
    (folder / title).mkdir()
    for sample in samples:
        (folder / title / f"{sample.name}.jpg").write_bytes(sample.data)
    report = indexer.ingest(open_source(folder / title), IngestOptions(collection=title))
    assert not report.failed, report.problems
    print(f"\n{title}: {len(samples):,} pictures", flush=True)
    vectors = []
    for start in range(0, len(samples), 64):
        decoded = [decode(sample.data, target_size=224).pixels for sample in samples[start : start + 64]]
        vectors.append(indexer.encoder.encode_images(decoded))
    embeddings = np.concatenate(vectors)
    hashes = np.stack([difference_hash(sample.data) for sample in samples])
    show(
        "similarity alone, chained",
        samples,
        chained(samples, embeddings, lambda number: embeddings @ embeddings[number] >= 0.98),
    )
    show(
        "old rule",
        samples,
        chained(
            samples,
            embeddings,
            lambda number: (
                (embeddings @ embeddings[number] >= 0.7) & ((hashes != hashes[number]).sum(axis=1) <= 10)
            ),
        ),
    )
    for limit in (MAX_DIFFERENCE, LOOSE):
        started = perf_counter()
        groups = find_duplicates(engine, model, collection=title, max_difference=limit)
        seconds = perf_counter() - started
        pairs = pairs_of(groups)
        names = [(Path(pair.kept.url).stem, Path(pair.copy.picture.url).stem) for pair in pairs]
        show(f"new rule, difference {limit} at most ({seconds:.0f} s)", samples, names)
        for large in large_groups(groups, {title: len(samples)}):
            print(f"    a warning: {large.count} of {large.size} in one group")
        if page is not None and limit == MAX_DIFFERENCE:
            by_difference = sorted(pairs, key=lambda pair: -pair.copy.difference)[:500]
            ids = {one.image_id for pair in by_difference for one in (pair.kept, pair.copy.picture)}
            write_pairs(
                page / f"{title}.html",
                by_difference,
                remarks=[],
                thumbnails={},
                fingerprints=fingerprints(engine, ids),
            )


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="The folder of the test data.")
@click.option("--pages", type=click.Path(path_type=Path, exists=True), help="Write the pairs found here.")
def main(data: Path | None, pages: Path | None) -> None:
    """Precision and recall of the old and the new rule."""
    with temporary_database() as (engine, folder):
        location = MODEL_FOLDER if data is None else data.resolve() / "models" / "photo-dual"
        model, encoder = register_model(engine, str(location), dtype="float32")
        indexer = Indexer(engine, encoder, model)
        sets = {
            "garments": with_copies(garments(), each=10),
            "drawn cameras": with_copies(drawn_frames(folder / "drawn", 300), each=10),
        }
        if data is not None:
            sets["london cameras"] = with_copies(traffic(data), each=20)
            sets["photos"] = with_copies(photos(data), each=70)
        for title, samples in sets.items():
            measure(title, list(samples), engine, model, indexer, folder, pages)


if __name__ == "__main__":
    main()
