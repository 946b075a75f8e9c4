"""Does a learned fusion of picture and text beat their weighted sum? `python benchmarks/fusions.py`

Drawn scenes: a scene, a text that changes one fact of it ("at night", "a red bus"), and the scene so changed, from
another point of view. Photos of Flickr8k (CLIPSQL_SHARED_DATA, skipped where they are absent): a photo, a caption of
another one, and that other one, whose first caption is most like that of the first. Mean reciprocal ranks of what was
wanted among all that is wanted, cross-validated as `clipsql fusion fit` does it; the interval is of the gain over the
weighted sum.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from PIL import Image

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import COLOURS, KINDS, PLACES, TIMES, WEATHERS, Scene, draw_scene, random_scene
from clipsql.encoding import Encoder, load_encoder
from clipsql.fusing.fitting import Examples, fit_fusion

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
    return Examples(
        pictures=encoded(encoder, map(draw_scene, scenes)),
        texts=encoder.encode_texts([text for text, _ in meant]),
        wanted=encoded(encoder, (draw_scene(scene) for _, scene in meant)),
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


def encoded(
    encoder: Encoder, pictures: Iterator[Image.Image]
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Vectors of pictures, which are held one at a time."""
    return np.concatenate([encoder.encode_images([picture]) for picture in pictures])


def show(name: str, make: Callable[[], Examples]) -> None:
    """Fit a fusion and print how it does."""
    examples = make()
    began = time.perf_counter()
    fitted = fit_fusion(examples)
    print(
        f"{name}: {len(examples):,} examples. average {fitted.average:.3f}  weighted sum {fitted.weighted_sum:.3f} "
        f"({fitted.combiner.picture_weight:g} : {fitted.combiner.text_weight:g})  {fitted.kind} {fitted.fusion:.3f}  "
        f"gain [{fitted.gain_low:+.3f}, {fitted.gain_high:+.3f}]  fitted in {time.perf_counter() - began:.0f} s",
        flush=True,
    )


@click.command()
@click.option("--scenes", default=4000, show_default=True)
@click.option("--pictures", default=1000, show_default=True, help="Photos of Flickr8k.")
def main(scenes: int, pictures: int) -> None:
    """Compare learned fusions with sums."""
    show("Drawn scenes", lambda: drawn(scenes))
    shared = Path(
        os.environ.get("CLIPSQL_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    )
    if (shared / "flickr8k-val").is_dir():
        show("Photos", lambda: photos(shared / "flickr8k-val", shared / "models" / "photo-dual", pictures))
    else:
        print(f"The photos are not here ({shared}); set CLIPSQL_SHARED_DATA to the folder of the test data.")


if __name__ == "__main__":
    main()
