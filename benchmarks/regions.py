"""Does a vehicle's crop find its other pictures better than the whole picture does? `python benchmarks/regions.py`

Traffic frames of one camera (CLIPSQL_SHARED_DATA, skipped where it is absent), with vehicles that stand there for
several frames, marked by hand (regions_labels.py); and drawn scenes, whose facts are known: a vehicle of the same kind
and colour elsewhere, at another time, in other weather. A picture is asked for as a whole, or by the vehicle's box;
what is searched are whole pictures, tiles of a grid (a picture counts by its nearest one), and in drawn scenes a
perfect detector's boxes.

`next`: mean reciprocal rank of the next frame that shows the vehicle, among that and all frames that do not. `AP`: mean
average precision over all pictures that show it; `gain`: of that, on the first row. In brackets, where these lie in 95
of 100 resamples: of vehicles with all their frames, of scenes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from regions_labels import CAMERA, TRACKS

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.scenes import draw_scene, random_scene
from clipsql.encoding import Encoder, load_encoder
from clipsql.images.cropping import cropped

FIRST_SEED = 710_000_000
"""Far above the seeds of the training scenes."""

Vectors = NDArray[np.float32]
Similarities = NDArray[np.float32]


def tiles(picture: Image.Image, columns: int, rows: int) -> list[Image.Image]:
    """The parts of a grid, as `clipsql regions tile` cuts them."""
    width, height = picture.size
    return [
        picture.crop(
            (
                width * column // columns,
                height * row // rows,
                width * (column + 1) // columns,
                height * (row + 1) // rows,
            )
        )
        for row in range(rows)
        for column in range(columns)
    ]


def encode_tiles(encoder: Encoder, pictures: Sequence[Image.Image], columns: int, rows: int) -> Vectors:
    """Vectors of tiles, (pictures, tiles, dimensions)."""
    parts = [encoder.encode_images(tiles(picture, columns, rows)) for picture in pictures]
    return np.stack(parts)


def interval(values: Sequence[float], groups: Sequence[object]) -> str:
    """A mean, and where it lies in 95 of 100 resamples of whole groups."""
    names = sorted({str(group) for group in groups})
    held = [
        [value for value, group in zip(values, groups, strict=True) if str(group) == name] for name in names
    ]
    chance = np.random.default_rng(0)
    means = []
    for _ in range(2000):
        drawn = [held[number] for number in chance.integers(len(held), size=len(held))]
        means.append(sum(map(sum, drawn)) / sum(map(len, drawn)))
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def average_precision(similarities: Similarities, relevant: NDArray[np.bool_]) -> float:
    """Mean precision at the places of what is relevant."""
    order = np.argsort(-similarities, kind="stable")
    hits = relevant[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def traffic(folder: Path, model: Path) -> None:
    """The table of the traffic frames."""
    encoder = load_encoder(str(model), device="cpu", dtype="float32")
    frames = [Image.open(file).convert("RGB") for file in sorted((folder / CAMERA).glob("*.jpg"))]
    whole = encoder.encode_images(frames)
    grids = {
        (columns, rows): encode_tiles(encoder, frames, columns, rows) for columns, rows in ((4, 3), (6, 4))
    }
    ways: dict[str, Callable[[int, Vectors], Similarities]] = {
        "whole frame in whole frames": lambda number, _crop: whole @ whole[number],
        "crop in whole frames": lambda _number, crop: whole @ crop,
    }
    for (columns, rows), parts in grids.items():
        ways[f"crop in tiles {columns}x{rows}"] = lambda _number, crop, parts=parts: (parts @ crop).max(
            axis=1
        )
    results: dict[str, tuple[list[float], list[float]]] = {way: ([], []) for way in ways}
    vehicles: list[tuple[str, str]] = []
    for track in TRACKS:
        open_to_doubt = np.zeros(len(frames), bool)
        for first, last in track.unsure:
            open_to_doubt[first : last + 1] = True
        shown = np.zeros(len(frames), bool)
        shown[track.frames] = True
        for number, following in zip(track.frames, track.frames[1:], strict=False):
            crop = encoder.encode_images([cropped(frames[number], track.box)])[0]
            vehicles.append((track.vehicle.split(",")[0], track.vehicle))
            for way, similarities in ways.items():
                found = similarities(number, crop)
                without = ~(shown | open_to_doubt)
                rank = 1 + int((found[without] >= found[following]).sum())
                results[way][0].append(1 / rank)
                asked = without | shown
                asked[number] = False
                results[way][1].append(average_precision(found[asked], shown[asked]))
    groups = [name for name, _ in vehicles]
    print(
        f"Traffic frames: {len(groups)} pairs of {len(set(groups))} vehicles, {len(frames)} frames, {encoder.name}"
    )
    show(results, groups)


def show(results: dict[str, tuple[list[float], list[float]]], groups: Sequence[object]) -> None:
    """Both measures of every way, and how much each gains on the first."""
    base = next(iter(results.values()))
    for way, (ranks, precisions) in results.items():
        gain = interval([one - other for one, other in zip(precisions, base[1], strict=True)], groups)
        print(
            f"  {way:30} next {interval(ranks, groups):24} AP {interval(precisions, groups):24} gain {gain}"
        )


def drawn(count: int, queries: int) -> None:
    """The table of the drawn scenes."""
    encoder = load_encoder(str(MODEL_FOLDER), device="cpu", dtype="float32")
    scenes = [random_scene(FIRST_SEED + number) for number in range(count)]
    pictures = [draw_scene(scene) for scene in scenes]
    whole = encoder.encode_images(pictures)
    grids = {
        (columns, rows): encode_tiles(encoder, pictures, columns, rows) for columns, rows in ((3, 2), (4, 3))
    }
    boxes = [
        [box_of(vehicle.box, picture) for vehicle in scene.vehicles]
        for scene, picture in zip(scenes, pictures, strict=True)
    ]
    owners = np.repeat(np.arange(count), [len(each) for each in boxes])
    crops = encoder.encode_images(
        [cropped(picture, box) for picture, each in zip(pictures, boxes, strict=True) for box in each]
    )

    def by_boxes(crop: Vectors) -> Similarities:
        best = np.full(count, -2, np.float32)
        np.maximum.at(best, owners, crops @ crop)
        return best

    ways: dict[str, Callable[[int, Vectors], Similarities]] = {
        "whole picture in whole pictures": lambda number, _crop: whole @ whole[number],
        "crop in whole pictures": lambda _number, crop: whole @ crop,
        "crop in a detector's boxes": lambda _number, crop: by_boxes(crop),
    }
    for (columns, rows), parts in grids.items():
        ways[f"crop in tiles {columns}x{rows}"] = lambda _number, crop, parts=parts: (parts @ crop).max(
            axis=1
        )
    results: dict[str, tuple[list[float], list[float]]] = {way: ([], []) for way in ways}
    groups = []
    for number, scene in enumerate(scenes[:queries]):
        vehicle = scene.vehicles[0]
        shown = np.array(
            [
                any((one.kind, one.colour) == (vehicle.kind, vehicle.colour) for one in other.vehicles)
                for other in scenes
            ]
        )
        asked = np.arange(count) != number
        if not shown[asked].any():
            continue
        groups.append(number)
        crop = crops[np.flatnonzero(owners == number)[0]]
        for way, similarities in ways.items():
            found = similarities(number, crop)[asked]
            order = np.argsort(-found, kind="stable")
            results[way][0].append(1 / (1 + int(np.argmax(shown[asked][order]))))
            results[way][1].append(average_precision(found, shown[asked]))
    print(
        f"Drawn scenes: {len(groups)} vehicles, {count} scenes, {encoder.name} (next: the first that shows it)"
    )
    show(results, groups)


def box_of(edges: tuple[float, float, float, float], picture: Image.Image) -> tuple[int, int, int, int]:
    """x, y, width and height of a vehicle's box, within its picture."""
    left, top = max(0, int(edges[0])), max(0, int(edges[1]))
    right, bottom = min(picture.width, round(edges[2])), min(picture.height, round(edges[3]))
    return left, top, max(1, right - left), max(1, bottom - top)


@click.command()
@click.option("--scenes", default=2000, show_default=True)
@click.option("--queries", default=500, show_default=True)
def main(scenes: int, queries: int) -> None:
    """Measure what a crop finds."""
    drawn(scenes, queries)
    shared = Path(
        os.environ.get("CLIPSQL_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    )
    if (shared / "traffic" / CAMERA).is_dir():
        traffic(shared / "traffic", shared / "models" / "photo-dual")
    else:
        print(
            f"The traffic frames are not here ({shared}); set CLIPSQL_SHARED_DATA to the folder of the test data."
        )


if __name__ == "__main__":
    main()
