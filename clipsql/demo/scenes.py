"""Draw small traffic-camera pictures, the same bytes for the same scene in every process."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from clipsql.demo.scenes_facts import (
    COLOURS,
    KINDS,
    PICTURE_SIZE,
    PLACES,
    TIMES,
    WEATHERS,
    Scene,
    Vehicle,
    random_scene,
    random_vehicles,
)
from clipsql.demo.scenes_pen import SUPERSAMPLING
from clipsql.demo.scenes_places import draw_place, draw_sky
from clipsql.demo.scenes_vehicles import draw_vehicle
from clipsql.demo.scenes_weather import (
    Pixels,
    fog_over,
    lamps_over,
    light_place,
    light_vehicles,
    puddles,
    weather_over,
)

__all__ = [
    "COLOURS",
    "KINDS",
    "PICTURE_SIZE",
    "PLACES",
    "TIMES",
    "WEATHERS",
    "Scene",
    "Vehicle",
    "draw_scene",
    "random_scene",
    "random_vehicles",
]


def draw_scene(scene: Scene, *, size: tuple[int, int] = PICTURE_SIZE) -> Image.Image:
    """The picture of a scene, RGB, drawn at twice its size and scaled down."""
    pixels = np.asarray(draw_sky(scene).reduce(SUPERSAMPLING), np.float32)
    place = draw_place(scene)
    puddles(place, scene)
    pixels = _over(pixels, place, lambda paint: light_place(paint, scene))
    if scene.weather == "fog":
        pixels = fog_over(pixels, scene, 0.62)
    pixels = _over(pixels, _draw_vehicles(scene), lambda paint: light_vehicles(paint, scene))
    pixels = weather_over(lamps_over(pixels, scene), scene)
    chance = np.random.default_rng(scene.seed)
    grain = chance.normal(0, 2.5, pixels.shape[:2]).astype(np.float32)
    pixels = pixels * np.float32(chance.uniform(0.94, 1.05)) + grain[..., None]
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return picture if size == PICTURE_SIZE else picture.resize(size, Image.Resampling.LANCZOS)


def _draw_vehicles(scene: Scene) -> Image.Image:
    layer = Image.new("RGBA", (PICTURE_SIZE[0] * SUPERSAMPLING, PICTURE_SIZE[1] * SUPERSAMPLING))
    draw = ImageDraw.Draw(layer)
    chance = random.Random(f"paint {scene.seed}")
    for vehicle in scene.vehicles:
        draw_vehicle(draw, vehicle, chance)
    return layer


def _over(pixels: Pixels, layer: Image.Image, light: Callable[[Pixels], Pixels]) -> Pixels:
    """A supersampled RGBA layer, put under its light, over the pixels so far."""
    small = np.asarray(layer.reduce(SUPERSAMPLING), np.float32)
    cover = small[..., 3:] / np.float32(255)
    return pixels + (light(small[..., :3]) - pixels) * cover
