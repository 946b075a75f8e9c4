"""Light and weather over a drawn place: dusk, night and lamps; rain, fog and snow."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clipsql.demo.scenes_facts import PICTURE_SIZE, Scene
from clipsql.demo.scenes_pen import SUPERSAMPLING, Pen
from clipsql.demo.scenes_vehicles import lamp_points

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

_WIDTH, _HEIGHT = PICTURE_SIZE
_FOG_COLOUR = {"day": (206, 212, 216), "dusk": (186, 142, 128), "night": (58, 62, 72)}

# The place goes dark at night, the vehicles far less and without a tint: one searches for their colour.
_PLACE_LIGHT = {"day": (1.0, 1.0, 1.0), "dusk": (0.68, 0.55, 0.54), "night": (0.32, 0.34, 0.42)}
_VEHICLE_LIGHT = {"day": 1.0, "dusk": 0.86, "night": 0.72}


def light_place(pixels: Pixels, scene: Scene) -> Pixels:
    """The place under the light of its hour; lit windows and lamps keep their own."""
    light = np.asarray(_PLACE_LIGHT[scene.time], np.float32)
    if scene.time == "day":
        return pixels
    shines = (pixels[..., 0] > 235) & (pixels[..., 1] > 170) & (pixels[..., 2] < 150)
    return np.where(shines[..., None], pixels, pixels * light)


def light_vehicles(pixels: Pixels, scene: Scene) -> Pixels:
    """The vehicles under a neutral light that keeps their colours apart, and behind a little fog."""
    lit = pixels * np.float32(_VEHICLE_LIGHT[scene.time])
    return fog_over(lit, scene, 0.25) if scene.weather == "fog" else lit


def fog_over(pixels: Pixels, scene: Scene, strength: float) -> Pixels:
    """Fog in front of what is drawn, thicker with `strength` (0 to 1)."""
    fog = np.asarray(_FOG_COLOUR[scene.time], np.float32)
    return pixels + (fog - pixels) * np.float32(strength)


def lamps_over(pixels: Pixels, scene: Scene) -> Pixels:
    """Head lamps and tail lamps that shine after dark, small so that they hide nothing."""
    if scene.time == "day":
        return pixels
    glow = Image.new("RGB", PICTURE_SIZE)
    draw = ImageDraw.Draw(glow)
    power = 1.0 if scene.time == "night" else 0.7
    for vehicle in scene.vehicles:
        (head_x, head_y), (tail_x, tail_y) = lamp_points(vehicle)
        ahead = -1 if vehicle.faces_left else 1
        beam = [(head_x, head_y - 1), (head_x + ahead * 46, head_y - 3), (head_x + ahead * 46, head_y + 13)]
        draw.polygon(
            [*beam, (head_x, head_y + 2)], fill=tuple(round(channel * power) for channel in (96, 88, 60))
        )
        draw.ellipse((head_x - 4, head_y - 4, head_x + 4, head_y + 4), fill=(255, 240, 190))
        draw.ellipse((tail_x - 3, tail_y - 3, tail_x + 3, tail_y + 3), fill=(230, 20, 20))
    glow = glow.filter(ImageFilter.BoxBlur(2))
    return pixels + np.asarray(glow, np.float32) * np.float32(power)


def weather_over(pixels: Pixels, scene: Scene) -> Pixels:
    """Streaks of rain or flakes of snow in front of everything."""
    if scene.weather not in ("rain", "snow"):
        return pixels
    mask = Image.new("L", (_WIDTH * SUPERSAMPLING, _HEIGHT * SUPERSAMPLING))
    pen = Pen(ImageDraw.Draw(mask))
    chance = random.Random(f"weather {scene.seed}")
    if scene.weather == "rain":
        slant = chance.uniform(-5, 5)
        for _ in range(170):
            x, y, length = chance.uniform(0, _WIDTH), chance.uniform(-10, _HEIGHT), chance.uniform(8, 18)
            pen.line([(x, y), (x + slant * length / 14, y + length)], (190,), 0.8)
        colour = (206, 216, 228)
    else:
        for _ in range(230):
            pen.circle(
                chance.uniform(0, _WIDTH), chance.uniform(0, _HEIGHT), chance.uniform(0.9, 2.3), (235,)
            )
        colour = (252, 252, 255)
    dimmed = {"day": 0.85, "dusk": 0.8, "night": 0.6}[scene.time]
    share = np.asarray(mask.reduce(SUPERSAMPLING), np.float32)[..., None] * np.float32(dimmed / 255)
    return pixels + (np.asarray(colour, np.float32) - pixels) * share


def puddles(place: Image.Image, scene: Scene) -> None:
    """Wet patches that mirror the sky, drawn on the road itself."""
    if scene.weather != "rain":
        return
    pen = Pen(ImageDraw.Draw(place))
    chance = random.Random(f"puddles {scene.seed}")
    for _ in range(14):
        x, y, half = chance.uniform(0, _WIDTH), chance.uniform(140, 228), chance.uniform(8, 22)
        pen.ellipse(x - half, y - 1.6, x + half, y + 1.6, (150, 164, 178))
