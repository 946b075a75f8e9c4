"""Does a heat map point at what the text names? `python benchmarks/heat_map.py`

The model in the box on drawn scenes that it never saw, with two or three vehicles of different kinds and colours.
Each vehicle is asked for as "a COLOUR KIND". `points at it`: the most similar patch has its centre in the vehicle's
box, which the renderer knows. `at another`: it lies in another vehicle's box. Beside clipsql's own way (values of the
last layer without its attention) stands the plain one, the last layer's output.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import click
import numpy as np
import torch
from numpy.typing import NDArray

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import PICTURE_SIZE, Scene, draw_scene, random_scene
from clipsql.encoding import Encoder, load_encoder
from clipsql.encoding.heat_map import patch_features

FIRST_SEED = 700_000_000
"""Far above the seeds of the training scenes."""

Features = Callable[[torch.nn.Module, torch.Tensor], NDArray[np.float32]]


def last_output(model: torch.nn.Module, pixels: torch.Tensor) -> NDArray[np.float32]:
    """Features of the patches as the whole last layer gives them."""
    tower, projection = model.vision_model, model.visual_projection
    with torch.inference_mode():
        states = tower(pixel_values=pixels).last_hidden_state[0, 1:]
        features = projection(tower.post_layernorm(states))
    side = round(len(features) ** 0.5)
    return features.reshape(side, side, -1).numpy()


def scenes_to_ask(count: int) -> list[Scene]:
    """Scenes whose vehicles differ in kind and in colour."""
    scenes = (random_scene(seed) for seed in itertools.count(FIRST_SEED))
    several = (
        scene
        for scene in scenes
        if 1
        < len(scene.vehicles)
        == len({vehicle.kind for vehicle in scene.vehicles})
        == len({vehicle.colour for vehicle in scene.vehicles})
    )
    return list(itertools.islice(several, count))


def inside(box: tuple[float, float, float, float], rows: int, columns: int) -> NDArray[np.bool_]:
    """Which patches have their centre in a box, shape (rows, columns)."""
    left, top, right, bottom = box
    x = (np.arange(columns) + 0.5) / columns * PICTURE_SIZE[0]
    y = (np.arange(rows) + 0.5) / rows * PICTURE_SIZE[1]
    return ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))


def measure(encoder: Encoder, scenes: list[Scene], features: Features) -> tuple[float, float, float, int]:
    """Share that points at the vehicle, at another one, what chance would give, and the number of questions."""
    at_it, at_another, chance = [], [], []
    for scene in scenes:
        patches = features(encoder._model, torch.from_numpy(encoder.preprocess([draw_scene(scene)])))
        patches = patches / np.linalg.norm(patches, axis=2, keepdims=True)
        rows, columns = patches.shape[:2]
        boxes = [inside(vehicle.box, rows, columns) for vehicle in scene.vehicles]
        texts = encoder.encode_texts([f"a {vehicle.colour} {vehicle.kind}" for vehicle in scene.vehicles])
        for number, (box, text) in enumerate(zip(boxes, texts, strict=True)):
            if box.any():
                best = np.unravel_index(int((patches @ text).argmax()), (rows, columns))
                at_it.append(box[best])
                others = [other[best] for place, other in enumerate(boxes) if place != number]
                at_another.append(any(others) and not box[best])
                chance.append(box.mean())
    return float(np.mean(at_it)), float(np.mean(at_another)), float(np.mean(chance)), len(at_it)


@click.command()
@click.option("--scenes", default=400, show_default=True)
def main(scenes: int) -> None:
    """Measure where heat maps point."""
    encoder = load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")
    asked = scenes_to_ask(scenes)
    for name, features in (("values (clipsql)", patch_features), ("last output", last_output)):
        at_it, at_another, chance, questions = measure(encoder, asked, features)
        print(
            f"{name:18} points at it {at_it:.3f}  at another {at_another:.3f}  "
            f"(chance {chance:.3f}, {questions} questions)"
        )


if __name__ == "__main__":
    main()
