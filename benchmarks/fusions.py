"""Does a learned fusion of picture and text beat their weighted sum? `python benchmarks/fusions.py`

Drawn scenes: a scene, a text that changes one fact of it ("at night", "a red bus"), and the scene so changed, from
another point of view. Photos of Flickr8k (CLIPSQL_SHARED_DATA, skipped where they are absent): a photo, a caption of
another one, and that other one, whose first caption is most like that of the first. Mean reciprocal ranks of what was
wanted among all that is wanted, cross-validated as `clipsql fusion fit` does it; the interval is of the gain over the
weighted sum.
"""

from __future__ import annotations

import os

# Small products of matrices: threads of BLAS that wait for each other take many times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import numpy as np
from PIL import Image

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene, draw_scene, random_scene
from clipsql.encoding import Encoder, load_encoder
from clipsql.fusing.combiners import Combiner, Vectors, reciprocal_ranks
from clipsql.fusing.fitting import Examples, fit_fusion
from clipsql.processes import helpers

FIRST_SEED = 720_000_000
"""Far above the seeds of the training scenes."""

SAID = {
    "day": "by day", "dusk": "at dusk", "night": "at night",
    "clear": "in clear weather", "rain": "in the rain", "fog": "in fog", "snow": "in the snow",
    "street": "on a street", "highway": "on a highway", "bridge": "on a bridge", "tunnel": "in a tunnel",
}  # fmt: skip


def changed(scene: Scene, chance: random.Random) -> tuple[str, Scene]:
    """A text that changes one fact of a scene, and the scene with that fact, seen from elsewhere."""
    fact = chance.choice(("time", "weather", "place", "colour", "kind"))
    first, *others = scene.vehicles
    if fact in ("colour", "kind"):
        values = COLOURS if fact == "colour" else KINDS
        first = replace(
            first, **{fact: chance.choice([one for one in values if one != getattr(first, fact)])}
        )
        text, after = f"a {first.colour} {first.kind}", replace(scene, vehicles=(first, *others))
    else:
        values = {"time": TIMES, "weather": WEATHERS, "place": PLACES}[fact]
        value = chance.choice([one for one in values if one != getattr(scene, fact)])
        text, after = SAID[value], replace(scene, **{fact: value})
    return text, replace(after, backdrop=chance.randrange(1_000_000), seed=scene.seed + 1_000_000)


def drawn(count: int) -> Examples:
    """Examples of drawn scenes."""
    chance = random.Random("fusions")
    encoder = load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")
    scenes = [random_scene(FIRST_SEED + number) for number in range(count)]
    meant = [changed(scene, chance) for scene in scenes]
    with helpers(os.cpu_count() or 1) as pool:
        asked, wanted = (
            encoded(encoder, pool.map(draw_scene, some, chunksize=25))
            for some in (scenes, [scene for _, scene in meant])
        )
    return Examples(
        pictures=asked,
        texts=encoder.encode_texts([text for text, _ in meant]),
        wanted=wanted,
        wanted_ids=np.arange(count),
    )


def photos(folder: Path, model: Path, count: int) -> Examples:
    """Examples of photos, four captions of each that is wanted."""
    encoder = load_encoder(str(model), device="cpu", dtype="float32")
    names = [
        line.split(",")[0]
        for line in (folder / "split.csv").read_text("utf-8").splitlines()[1:]
        if line.endswith(",val")
    ][:count]
    captions: dict[str, list[str]] = {}
    for line in (folder / "captions.tsv").read_text("utf-8").splitlines()[1:]:
        name, _, caption = line.partition("\t")
        captions.setdefault(name, []).append(caption)
    vectors = encoded(encoder, (Image.open(folder / name).convert("RGB") for name in names))
    first = encoder.encode_texts([captions[name][0] for name in names])
    alike = first @ first.T
    np.fill_diagonal(alike, -2)
    asked = alike.argmax(axis=1)
    texts = encoder.encode_texts([caption for name in names for caption in captions[name][1:5]])
    wanted = np.repeat(np.arange(len(names)), 4)
    return Examples(pictures=vectors[asked[wanted]], texts=texts, wanted=vectors[wanted], wanted_ids=wanted)


def encoded(encoder: Encoder, pictures: Iterable[Image.Image]) -> Vectors:
    """Vectors of pictures, of which a batch is held at a time."""
    return np.concatenate([encoder.encode_images(batch) for batch in batched(pictures, 64)])


def batched(pictures: Iterable[Image.Image], size: int) -> Iterator[list[Image.Image]]:
    """The pictures, so many at a time."""
    left = iter(pictures)
    while batch := list(islice(left, size)):
        yield batch


def show(name: str, examples: Examples) -> None:
    """Fit a fusion and print how it does, as a row of the table."""
    began = time.perf_counter()
    fitted = fit_fusion(examples)
    took_s = time.perf_counter() - began
    gallery, places = examples.gallery()
    alone = [
        reciprocal_ranks(
            Combiner(weight, 1 - weight)(examples.pictures, examples.texts), gallery, places
        ).mean()
        for weight in (1.0, 0.0)
    ]
    gain = f"{fitted.fusion - fitted.weighted_sum:+.3f} [{fitted.gain_low:+.3f}, {fitted.gain_high:+.3f}]"
    print(
        f"| {name} | {len(examples):,} of {len(gallery):,} | {alone[0]:.3f} | {alone[1]:.3f} | {fitted.average:.3f} "
        f"| {fitted.weighted_sum:.3f} | {fitted.fusion:.3f} ({fitted.kind}) "
        f"| {gain} | {took_s:.0f} |",
        flush=True,
    )


@click.command()
@click.option("--scenes", default=1500, show_default=True)
@click.option("--pictures", default=700, show_default=True, help="Photos of Flickr8k.")
def main(scenes: int, pictures: int) -> None:
    """Compare learned fusions with sums: one table."""
    print(
        "| examples | examples of wanted | picture alone | text alone | average | best weighted sum | learned "
        "| gain over the sum [95 %] | fitted in s |\n|---|---|---|---|---|---|---|---|---|"
    )
    show("drawn scenes", drawn(scenes))
    shared = Path(
        os.environ.get("CLIPSQL_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    )
    if (shared / "flickr8k-val").is_dir():
        show("photos", photos(shared / "flickr8k-val", shared / "models" / "photo-dual", pictures))
    else:
        print(f"The photos are not here ({shared}); set CLIPSQL_SHARED_DATA to the folder of the test data.")


if __name__ == "__main__":
    main()
