"""What a traffic scene is made of: the facts that the renderer draws and the captions state."""

from __future__ import annotations

import random
from dataclasses import dataclass

KINDS = ("car", "van", "truck", "bus", "motorcycle", "bicycle")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black", "silver")
TIMES = ("day", "dusk", "night")
WEATHERS = ("clear", "rain", "fog", "snow")
PLACES = ("street", "highway", "bridge", "tunnel")

PICTURE_SIZE = (320, 240)
"""Width and height of the picture that the coordinates of a scene refer to."""

LANES = ((150.0, 0.9), (186.0, 1.0), (226.0, 1.12))
"""Ground line and scale of the three lanes, from far to near."""

EXTENTS = {
    "car": (92.0, 36.0),
    "van": (92.0, 52.0),
    "truck": (126.0, 60.0),
    "bus": (140.0, 58.0),
    "motorcycle": (70.0, 56.0),
    "bicycle": (64.0, 60.0),
}
"""Length and height of each kind of vehicle at scale 1, riders included."""

_VEHICLE_COUNTS = (1, 1, 1, 2, 2, 3)


@dataclass(frozen=True)
class Vehicle:
    """One vehicle: what it is, and where it stands (`x` is the middle of its length)."""

    kind: str
    colour: str
    x: float
    lane: int
    faces_left: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in units of the picture."""
        length, height = EXTENTS[self.kind]
        ground, scale = LANES[self.lane]
        half = length * scale / 2
        return self.x - half, ground - height * scale, self.x + half, ground


@dataclass(frozen=True)
class Scene:
    """Everything about one picture; `backdrop` chooses the view, `seed` the small chances."""

    time: str
    weather: str
    place: str
    vehicles: tuple[Vehicle, ...]
    pedestrians: bool
    backdrop: int
    seed: int


def random_scene(seed: int) -> Scene:
    """The scene of this seed: every fact drawn evenly and on its own, the same in every process."""
    chance = random.Random(f"scene {seed}")
    place = chance.choice(PLACES)
    return Scene(
        time=chance.choice(TIMES),
        weather=chance.choice(WEATHERS),
        place=place,
        vehicles=random_vehicles(chance),
        pedestrians=place in ("street", "bridge") and chance.random() < 0.5,
        backdrop=chance.randrange(1_000_000),
        seed=seed,
    )


def random_vehicles(chance: random.Random) -> tuple[Vehicle, ...]:
    """One to three vehicles side by side, from the far lane to the near one."""
    count = chance.choice(_VEHICLE_COUNTS)
    slots = chance.sample(range(count), count)
    lanes = sorted(chance.sample(range(len(LANES)), count))
    width = PICTURE_SIZE[0] / count
    vehicles = []
    for slot, lane in zip(slots, lanes, strict=True):
        middle = width * (slot + 0.5)
        slack = max(8.0, width / 2 - 60)
        vehicles.append(
            Vehicle(
                kind=chance.choice(KINDS),
                colour=chance.choice(COLOURS),
                x=round(middle + chance.uniform(-slack, slack), 1),
                lane=lane,
                faces_left=chance.random() < 0.5,
            )
        )
    return tuple(vehicles)
