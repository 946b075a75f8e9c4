"""Draw the demo's week of camera frames into a folder, with a manifest and the vehicles' register."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipsql.demo.cameras import Frame, week_of_frames
from clipsql.demo.captions import describe
from clipsql.demo.scenes import draw_scene
from clipsql.demo.scenes_facts import Vehicle
from clipsql.processes import helpers

MANIFEST = "frames.csv"
OWNER_TYPES = ("private", "private", "private", "delivery", "taxi", "city service", "rental")


@dataclass(frozen=True)
class RegisteredVehicle:
    """One row of the demo's business table: a vehicle as the authority knows it."""

    plate: str
    owner_type: str
    kind: str
    colour: str


def draw_frames(
    folder: Path, count: int, *, on_drawn: Callable[[], None] = lambda: None
) -> tuple[Path, list[RegisteredVehicle]]:
    """Manifest of `count` drawn frames, and the register of the vehicles in them; what is there already stays.

    The same count always gives the same pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames = week_of_frames(count)
    register = _register(frames)
    missing = [
        (folder / _name(number), frame)
        for number, frame in enumerate(frames)
        if not (folder / _name(number)).exists()
    ]
    for _ in range(len(frames) - len(missing)):
        on_drawn()
    if missing:
        with helpers(os.cpu_count() or 1) as pool:
            for _ in pool.map(_draw, missing, chunksize=20):
                on_drawn()
    return _write_manifest(folder, frames, register), sorted(set(register), key=lambda vehicle: vehicle.plate)


def _name(number: int) -> str:
    return f"frame-{number:04}.jpg"


def _draw(task: tuple[Path, Frame]) -> None:
    path, frame = task
    unfinished = path.with_suffix(".part")
    draw_scene(frame.scene).save(unfinished, "JPEG", quality=92)
    unfinished.replace(path)


def _register(frames: Sequence[Frame]) -> list[RegisteredVehicle]:
    """For each frame the vehicle whose plate was read: the first one. Three plates share a kind and colour."""
    chance = random.Random("register")
    return [_registered(frame.scene.vehicles[0], chance.randrange(3)) for frame in frames]


def _registered(vehicle: Vehicle, number: int) -> RegisteredVehicle:
    chance = random.Random(f"{vehicle.kind} {vehicle.colour} {number}")
    return RegisteredVehicle(
        plate=f"{chance.choice('ABCDEF')}{chance.choice('KLMNPR')}-{chance.randrange(1000, 10000)}",
        owner_type=chance.choice(OWNER_TYPES),
        kind=vehicle.kind,
        colour=vehicle.colour,
    )


def _write_manifest(folder: Path, frames: Sequence[Frame], register: Sequence[RegisteredVehicle]) -> Path:
    path = folder / MANIFEST
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("file", "caption_1", "caption_2", "taken_at", "longitude", "latitude", "camera", "road", "plate")
        )
        for number, (frame, vehicle) in enumerate(zip(frames, register, strict=True)):
            camera = frame.camera
            writer.writerow(
                (
                    _name(number),
                    describe(frame.scene, number, "en"),
                    describe(frame.scene, number, "zh"),
                    frame.taken_at.isoformat(),
                    camera.longitude,
                    camera.latitude,
                    camera.id,
                    camera.road,
                    vehicle.plate,
                )
            )
    unfinished.replace(path)
    return path
