"""The four places that a camera may watch: city street, highway, bridge and tunnel mouth."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from clipsql.demo.scenes_facts import PICTURE_SIZE, Scene
from clipsql.demo.scenes_pen import SUPERSAMPLING, Colour, Pen, blend, shade

_HORIZON = 112.0
_WIDTH, _HEIGHT = PICTURE_SIZE
_CANVAS = (_WIDTH * SUPERSAMPLING, _HEIGHT * SUPERSAMPLING)

_SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((84, 152, 222), (202, 228, 246)),
    "dusk": ((84, 62, 132), (250, 150, 84)),
    "night": ((8, 12, 34), (26, 34, 66)),
}
_GREY_SKY: dict[str, Colour] = {"day": (176, 186, 194), "dusk": (150, 112, 122), "night": (34, 38, 50)}
_WINDOW_LIGHT: Colour = (255, 222, 120)
_COATS: tuple[Colour, ...] = ((70, 84, 120), (120, 72, 66), (84, 100, 78), (98, 88, 112))


def draw_sky(scene: Scene) -> Image.Image:
    """The sky in its own light, RGB, at the supersampled size."""
    canvas = Image.new("RGB", _CANVAS)
    _sky(Pen(ImageDraw.Draw(canvas)), scene, random.Random(f"sky {scene.backdrop}"))
    return canvas


def draw_place(scene: Scene) -> Image.Image:
    """What stands under the sky, as by day and without vehicles, RGBA, at the supersampled size."""
    canvas = Image.new("RGBA", _CANVAS)
    pen = Pen(ImageDraw.Draw(canvas))
    _PLACES[scene.place](pen, scene, random.Random(f"backdrop {scene.backdrop}"))
    if scene.pedestrians:
        _pedestrians(pen, random.Random(f"pedestrians {scene.seed}"))
    return canvas


def _sky(pen: Pen, scene: Scene, chance: random.Random) -> None:
    top, bottom = _SKIES[scene.time]
    if scene.weather != "clear":
        grey = _GREY_SKY[scene.time]
        top, bottom = blend(top, grey, 0.85), blend(bottom, grey, 0.75)
    for y in range(0, int(_HORIZON) + 8, 2):
        pen.rectangle(0, y, _WIDTH, y + 2, blend(top, bottom, y / (_HORIZON + 8)))
    spot = chance.uniform(30, 290), chance.uniform(16, 40)
    if scene.weather != "clear":
        return
    if scene.time == "night":
        stars = random.Random(f"stars {scene.seed}")
        for _ in range(40):
            pen.circle(stars.uniform(0, _WIDTH), stars.uniform(0, 70), 0.7, (225, 228, 240))
        pen.circle(*spot, 8, (236, 236, 214))
    elif scene.time == "dusk":
        pen.circle(spot[0], _HORIZON - 20, 13, (255, 206, 120))
    else:
        pen.circle(*spot, 11, (255, 244, 190))
        for _ in range(2):
            middle, height = chance.uniform(20, 300), chance.uniform(18, 46)
            for step in range(-2, 3):
                x = middle + step * 11
                pen.ellipse(x - 13, height - 5, x + 13, height + 6, (248, 250, 252))


def _ground(scene: Scene, colour: Colour) -> Colour:
    """The colour of open ground, whitened by snow."""
    return blend(colour, (240, 244, 250), 0.88) if scene.weather == "snow" else colour


def _road(pen: Pen, scene: Scene, colour: Colour, *, kerb: Colour, top: float) -> None:
    surface = blend(colour, (214, 220, 228), 0.5) if scene.weather == "snow" else colour
    surface = shade(surface, 0.8) if scene.weather == "rain" else surface
    pen.rectangle(0, top, _WIDTH, _HEIGHT, surface)
    pen.rectangle(0, top, _WIDTH, top + 4, kerb)
    shift = random.Random(f"road {scene.backdrop}").uniform(0, 40)
    for y in (157.0, 194.0):
        for x in range(-40, _WIDTH + 40, 40):
            pen.rectangle(x + shift, y, x + shift + 20, y + 2.4, (232, 232, 226))


def _street(pen: Pen, scene: Scene, chance: random.Random) -> None:
    walls: tuple[Colour, ...] = (
        (150, 92, 74),
        (178, 158, 124),
        (124, 130, 138),
        (168, 122, 96),
        (196, 186, 168),
    )
    x: float = -chance.uniform(0, 30)
    while x < _WIDTH:
        width, height = chance.uniform(48, 82), chance.uniform(54, 98)
        _building(
            pen, scene, chance, (x, _HORIZON + 4 - height, x + width, _HORIZON + 4), chance.choice(walls)
        )
        x += width
    pen.rectangle(0, _HORIZON + 2, _WIDTH, _HORIZON + 16, _ground(scene, (164, 160, 152)))
    _road(pen, scene, (96, 96, 98), kerb=_ground(scene, (206, 202, 194)), top=_HORIZON + 14)
    pen.rectangle(0, 232, _WIDTH, _HEIGHT, _ground(scene, (164, 160, 152)))
    for index in range(2):
        _tree(pen, scene, chance.uniform(20, 140) + 160 * index)


def _building(
    pen: Pen, scene: Scene, chance: random.Random, box: tuple[float, float, float, float], wall: Colour
) -> None:
    left, top, right, bottom = box
    pen.rectangle(left, top, right, bottom, wall)
    pen.rectangle(left, top, right, top + 4, _ground(scene, shade(wall, 0.75)))
    columns, rows = max(3, int((right - left) // 15)), int((bottom - top - 16) // 15)
    pitch = (right - left) / columns
    for row in range(rows):
        for column in range(columns):
            x, y = left + pitch * (column + 0.5), top + 9 + row * 15
            share = {"day": 0.0, "dusk": 0.5, "night": 0.55}[scene.time]
            lit = chance.random() < share
            pen.rectangle(x - 3.4, y, x + 3.4, y + 8.5, _WINDOW_LIGHT if lit else (62, 76, 94))


def _tree(pen: Pen, scene: Scene, x: float) -> None:
    pen.rectangle(x - 2, 96, x + 2, _HORIZON + 8, (92, 68, 46))
    leaves = _ground(scene, (64, 124, 62))
    for dx, dy, radius in ((-8, 94, 10), (8, 94, 10), (0, 84, 12)):
        pen.circle(x + dx, dy, radius, leaves)


def _highway(pen: Pen, scene: Scene, chance: random.Random) -> None:
    green = _ground(scene, (78, 134, 74))
    phase, rise = chance.uniform(0, 6), chance.uniform(10, 20)
    crest = [
        (float(x), 86 - rise * math.sin(x / 58 + phase) - 4 * math.sin(x / 21 + phase))
        for x in range(0, _WIDTH + 8, 8)
    ]
    pen.polygon([(0, 130), *crest, (_WIDTH + 8, 130)], green)
    pen.rectangle(0, 106, _WIDTH, 130, shade(green, 0.9))
    _gantry(pen, chance.uniform(70, 250))
    _road(pen, scene, (104, 104, 108), kerb=(236, 236, 232), top=126)
    pen.rectangle(0, 112, _WIDTH, 117, (196, 200, 204))
    for x in range(6, _WIDTH, 26):
        pen.rectangle(x, 117, x + 3, 126, (142, 146, 150))
    pen.rectangle(0, 229, _WIDTH, 232, (244, 200, 40))
    pen.rectangle(0, 233, _WIDTH, _HEIGHT, green)


def _gantry(pen: Pen, x: float) -> None:
    pen.rectangle(x - 2.5, 40, x + 2.5, 118, (128, 132, 136))
    pen.rectangle(x - 46, 26, x + 46, 62, (248, 248, 248), radius=3)
    pen.rectangle(x - 44, 28, x + 44, 60, (18, 106, 66), radius=2)
    pen.rectangle(x - 36, 35, x + 20, 40, (246, 246, 246))
    pen.rectangle(x - 36, 47, x + 4, 52, (246, 246, 246))
    pen.polygon([(x + 26, 54), (x + 32, 36), (x + 38, 54)], (246, 246, 246))


def _bridge(pen: Pen, scene: Scene, chance: random.Random) -> None:
    pen.rectangle(0, 84, _WIDTH, 126, (70, 124, 168))
    for _ in range(18):
        x, y = chance.uniform(0, _WIDTH), chance.uniform(88, 112)
        pen.rectangle(x, y, x + 16, y + 1.2, (150, 190, 216))
    steel = chance.choice(((196, 76, 56), (140, 146, 152), (206, 206, 200), (86, 112, 134)))
    middle = chance.uniform(-30, 30)
    for x in (80 + middle, 240 + middle):
        for step in range(1, 8):
            for side in (-1, 1):
                pen.line([(x, 14 + step * 6), (x + side * step * 15, 120)], shade(steel, 0.9), 1.0)
        pen.rectangle(x - 9, 8, x - 4, 126, steel)
        pen.rectangle(x + 4, 8, x + 9, 126, steel)
        for y in (14, 46, 78):
            pen.rectangle(x - 9, y, x + 9, y + 4, steel)
    _road(pen, scene, (116, 114, 112), kerb=_ground(scene, (190, 188, 184)), top=124)
    pen.rectangle(0, 106, _WIDTH, 109, shade(steel, 0.8))
    for post in range(0, _WIDTH, 9):
        pen.rectangle(post, 109, post + 1.6, 125, shade(steel, 0.8))
    pen.rectangle(0, 232, _WIDTH, _HEIGHT, (58, 106, 150))
    pen.rectangle(0, 230, _WIDTH, 233, shade(steel, 0.8))


def _tunnel(pen: Pen, scene: Scene, chance: random.Random) -> None:
    rock = _ground(scene, chance.choice(((112, 118, 84), (134, 116, 94), (98, 112, 96))))
    middle = chance.uniform(130, 190)
    crest = [
        (float(x), 46 + 0.0016 * (x - middle) ** 2 + 3 * math.sin(x / 9)) for x in range(0, _WIDTH + 8, 8)
    ]
    pen.polygon([(0, 130), *crest, (_WIDTH + 8, 130)], rock)
    pen.rectangle(middle - 112, 18, middle + 112, 130, (176, 172, 164))
    pen.rectangle(middle - 112, 18, middle + 112, 25, _ground(scene, (142, 138, 132)))
    pen.ellipse(middle - 96, 30, middle + 96, 222, (214, 210, 202))
    pen.ellipse(middle - 88, 38, middle + 88, 214, (16, 16, 20))
    for step in range(7):
        angle = math.radians(25 + step * 130 / 6)
        x, y = middle - 70 * math.cos(angle), 122 - 66 * math.sin(angle)
        pen.ellipse(x - 5, y - 2.6, x + 5, y + 2.6, (255, 186, 70))
    _road(pen, scene, (90, 92, 96), kerb=(150, 148, 142), top=126)
    # Inside the mouth the road keeps dry and dark, whatever the weather.
    pen.polygon(
        [(middle - 80, 126), (middle + 80, 126), (middle + 88, 136), (middle - 88, 136)], (48, 48, 52)
    )


def _pedestrians(pen: Pen, chance: random.Random) -> None:
    """Two to four people on the far pavement."""
    for slot in chance.sample(range(8), chance.randint(2, 4)):
        coat = chance.choice(_COATS)
        person = Pen(
            pen.draw, slot * 40 + chance.uniform(10, 30), 130, 1.0, chance.random() < 0.5, upright=True
        )
        person.line([(0, 14), (-4, 0)], (44, 46, 60), 3.4)
        person.line([(0, 14), (5, 0)], (44, 46, 60), 3.4)
        person.polygon([(-5, 13), (5, 13), (5, 30), (-5, 30)], coat)
        person.line([(4, 28), (9, 17)], coat, 2.6)
        person.circle(0, 35, 5, (226, 178, 146))


_PLACES: dict[str, Callable[[Pen, Scene, random.Random], None]] = {
    "street": _street,
    "highway": _highway,
    "bridge": _bridge,
    "tunnel": _tunnel,
}
