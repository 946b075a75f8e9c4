"""Vehicles seen from the side, drawn so that kind and colour are plain at a glance."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import ImageDraw

from clipsql.demo.scenes_facts import LANES, Vehicle
from clipsql.demo.scenes_pen import Colour, Pen, shade

PAINTS: dict[str, Colour] = {
    "red": (208, 24, 28),
    "orange": (245, 132, 20),
    "yellow": (248, 212, 22),
    "green": (34, 142, 58),
    "blue": (32, 78, 205),
    "purple": (130, 44, 168),
    "white": (246, 246, 246),
    "black": (34, 34, 37),
    "silver": (158, 160, 162),
}

_GLASS: Colour = (168, 208, 226)
_TYRE: Colour = (18, 18, 20)
_HUB: Colour = (176, 178, 180)
_SKIN: Colour = (226, 178, 146)
_METAL: Colour = (92, 94, 98)
_LAMP: Colour = (255, 246, 200)
_TAIL: Colour = (225, 30, 30)


def draw_vehicle(draw: ImageDraw.ImageDraw, vehicle: Vehicle, chance: random.Random) -> None:
    """One vehicle with its shadow; only the brightness of its paint varies, never the hue."""
    ground, scale = LANES[vehicle.lane]
    pen = Pen(draw, vehicle.x, ground, scale, mirrored=vehicle.faces_left, upright=True)
    left, _, right, _ = vehicle.box
    half = (right - left) / 2 / scale
    pen.ellipse(-half * 0.98, 4, half * 0.98, -4, (12, 12, 14))
    paint = shade(PAINTS[vehicle.colour], chance.uniform(0.92, 1.06))
    _DRAWINGS[vehicle.kind](pen, paint)


def lamp_points(vehicle: Vehicle) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the head lamp and the tail lamp are, in units of the picture."""
    ground, scale = LANES[vehicle.lane]
    half, height = _LAMPS[vehicle.kind]
    ahead = -1 if vehicle.faces_left else 1
    y = ground - height * scale
    return (vehicle.x + ahead * half * scale, y), (vehicle.x - ahead * half * scale, y)


def _wheel(pen: Pen, x: float, radius: float) -> None:
    pen.circle(x, radius, radius, _TYRE)
    pen.circle(x, radius, radius * 0.5, _HUB)


def _edge(paint: Colour) -> Colour:
    """A line that shows on the paint: lighter on black, darker on anything else."""
    return shade(paint, 0.62) if sum(paint) > 150 else (92, 94, 100)


def _car(pen: Pen, paint: Colour) -> None:
    cabin = [(-30, 19), (-18, 35), (13, 35), (28, 19)]
    pen.polygon(cabin, shade(paint, 0.9))
    pen.polygon([(-24, 20), (-15, 32), (-3, 32), (-3, 20)], _GLASS)
    pen.polygon([(0, 20), (0, 32), (11, 32), (22, 20)], _GLASS)
    pen.rectangle(-46, 21, 46, 6, paint, radius=6)
    pen.line([(-2, 20), (-2, 7)], _edge(paint), 1.2)
    pen.line([(-44, 13), (44, 13)], _edge(paint), 0.8)
    pen.rectangle(42, 19, 46, 14, _LAMP)
    pen.rectangle(-46, 19, -42, 14, _TAIL)
    _wheel(pen, -27, 9)
    _wheel(pen, 27, 9)


def _van(pen: Pen, paint: Colour) -> None:
    pen.polygon([(-46, 50), (22, 50), (38, 28), (46, 25), (46, 7), (-46, 7)], paint)
    pen.polygon([(12, 46), (21, 46), (34, 28), (12, 28)], _GLASS)
    pen.line([(8, 48), (8, 8)], _edge(paint), 1.2)
    pen.line([(-18, 48), (-18, 8)], _edge(paint), 1.2)
    pen.line([(-46, 22), (8, 22)], _edge(paint), 0.8)
    pen.rectangle(42, 22, 46, 16, _LAMP)
    pen.rectangle(-46, 30, -43, 20, _TAIL)
    _wheel(pen, -28, 10)
    _wheel(pen, 27, 10)


def _truck(pen: Pen, paint: Colour) -> None:
    pen.rectangle(-63, 13, 62, 8, (52, 54, 58))
    pen.rectangle(-63, 60, 28, 14, paint)
    for x in range(-52, 28, 11):
        pen.line([(x, 58), (x, 16)], _edge(paint), 1.0)
    pen.rectangle(-63, 60, 28, 57, shade(_edge(paint), 0.9))
    pen.polygon([(32, 44), (50, 44), (60, 28), (63, 26), (63, 9), (32, 9)], paint)
    pen.polygon([(40, 41), (49, 41), (57, 28), (40, 28)], _GLASS)
    pen.rectangle(59, 20, 63, 14, _LAMP)
    pen.rectangle(-63, 18, -60, 12, _TAIL)
    for x in (-48, -27, 48):
        _wheel(pen, x, 10)


def _bus(pen: Pen, paint: Colour) -> None:
    pen.rectangle(-70, 57, 70, 8, paint, radius=5)
    for index in range(6):
        left = -64 + index * 18
        pen.rectangle(left, 51, left + 14, 34, _GLASS)
    pen.rectangle(46, 50, 58, 11, _GLASS)
    pen.line([(52, 50), (52, 11)], _edge(paint), 1.2)
    pen.rectangle(61, 51, 70, 28, _GLASS)
    pen.line([(-69, 26), (44, 26)], _edge(paint), 2.0)
    pen.rectangle(66, 19, 70, 13, _LAMP)
    pen.rectangle(-70, 24, -67, 14, _TAIL)
    _wheel(pen, -42, 10)
    _wheel(pen, 34, 10)


def _motorcycle(pen: Pen, paint: Colour) -> None:
    for x in (-24, 24):
        pen.circle(x, 11, 11, _TYRE)
        pen.circle(x, 11, 5.5, _METAL)
    pen.polygon([(-24, 11), (-6, 14), (8, 10), (14, 14), (4, 22), (-18, 20)], _METAL)
    pen.line([(24, 11), (14, 33)], _METAL, 3.0)
    pen.line([(14, 33), (8, 35)], _TYRE, 2.2)
    pen.polygon([(-33, 27), (-28, 21), (-4, 20), (10, 16), (17, 22), (14, 32), (3, 31), (-8, 26)], paint)
    pen.polygon([(14, 20), (24, 22), (32, 18), (30, 25), (18, 30)], paint)
    pen.polygon([(-20, 29), (-3, 28), (-2, 25), (-22, 25)], _TYRE)
    pen.line([(-8, 28), (5, 20), (2, 9)], (44, 48, 66), 6.0)
    pen.polygon([(-14, 27), (-3, 27), (6, 44), (-6, 47)], (58, 62, 78))
    pen.line([(0, 42), (8, 34), (13, 34)], (58, 62, 78), 4.0)
    pen.circle(3, 49.5, 6.5, paint)
    pen.polygon([(4, 52), (10, 51), (9, 47), (4, 47)], (30, 34, 42))
    pen.circle(20, 29, 2.6, _LAMP)


def _bicycle(pen: Pen, paint: Colour) -> None:
    for x in (-19, 19):
        pen.ring(x, 13, 13, _TYRE, 2.0)
        pen.circle(x, 13, 1.6, _METAL)
    frame = [(-19, 13), (-7, 32), (12, 32), (-1, 12), (-19, 13)]
    pen.line(frame, paint, 4.0)
    pen.line([(-7, 32), (-1, 12)], paint, 3.6)
    pen.line([(19, 13), (12, 36)], paint, 3.6)
    pen.line([(12, 36), (17, 38)], _TYRE, 2.2)
    pen.rectangle(-12, 36, -2, 33, _TYRE)
    pen.line([(-6, 36), (4, 26), (-1, 10)], (48, 54, 84), 5.0)
    pen.polygon([(-11, 35), (-1, 35), (8, 50), (-3, 53)], paint)
    pen.line([(3, 48), (10, 40), (15, 38)], _SKIN, 3.2)
    pen.circle(5, 56.5, 5.2, _SKIN)


_DRAWINGS: dict[str, Callable[[Pen, Colour], None]] = {
    "car": _car,
    "van": _van,
    "truck": _truck,
    "bus": _bus,
    "motorcycle": _motorcycle,
    "bicycle": _bicycle,
}

_LAMPS: dict[str, tuple[float, float]] = {
    "car": (46, 16),
    "van": (46, 19),
    "truck": (63, 17),
    "bus": (70, 16),
    "motorcycle": (22, 29),
    "bicycle": (20, 30),
}
"""Distance of the lamps from the middle, and their height, at scale 1."""
