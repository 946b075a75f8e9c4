"""Twelve plausible traffic cameras of one city, and the frames that they take over a week."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from clipsql.demo.scenes_facts import Scene, random_vehicles

CITY_TIME = timezone(timedelta(hours=8))
WEEK_START = datetime(2026, 3, 16, tzinfo=CITY_TIME)
"""A Monday near the equinox: day from six, dusk at half past six in the evening, night from eight."""


@dataclass(frozen=True)
class Camera:
    """A fixed camera: what it is called, where it stands (degrees, WGS 84) and what kind of place it sees."""

    id: str
    road: str
    longitude: float
    latitude: float
    place: str


@dataclass(frozen=True)
class Frame:
    """One picture that a camera took, its time with zone."""

    camera: Camera
    taken_at: datetime
    scene: Scene


CAMERAS = (
    Camera("cam-01", "Harbour Road", 121.4730, 31.2304, "street"),
    Camera("cam-02", "Harbour Road", 121.4785, 31.2312, "street"),
    Camera("cam-03", "Harbour Road", 121.4841, 31.2321, "street"),
    Camera("cam-04", "River Bridge", 121.4902, 31.2330, "bridge"),
    Camera("cam-05", "River Bridge", 121.4958, 31.2338, "bridge"),
    Camera("cam-06", "East Tunnel", 121.5031, 31.2349, "tunnel"),
    Camera("cam-07", "East Tunnel", 121.5112, 31.2360, "tunnel"),
    Camera("cam-08", "Ring Highway", 121.5190, 31.2402, "highway"),
    Camera("cam-09", "Ring Highway", 121.5236, 31.2478, "highway"),
    Camera("cam-10", "Ring Highway", 121.5251, 31.2561, "highway"),
    Camera("cam-11", "Market Street", 121.4752, 31.2376, "street"),
    Camera("cam-12", "North Bridge", 121.4893, 31.2441, "bridge"),
)


def time_of_day(moment: datetime) -> str:
    """`day`, `dusk` or `night` in the city at this moment."""
    local = moment.astimezone(CITY_TIME)
    hour = local.hour + local.minute / 60
    if 6.0 <= hour < 18.5:
        return "day"
    return "dusk" if 18.5 <= hour < 20.0 else "night"


def weather_at(moment: datetime, *, seed: int = 0) -> str:
    """The weather over the whole city; it changes every six hours at most."""
    spell = int((moment - WEEK_START) / timedelta(hours=6))
    chance = random.Random(f"weather {seed} {spell}")
    return chance.choices(("clear", "rain", "fog", "snow"), (5, 3, 1.5, 1.5))[0]


def week_of_frames(count: int = 600, *, seed: int = 0) -> list[Frame]:
    """Frames of all cameras in turn, oldest first; dusk, being short, is taken more densely."""
    chance = random.Random(f"week {seed}")
    moments = sorted(_moment(chance) for _ in range(count))
    frames = []
    for number, moment in enumerate(moments):
        camera_number = number % len(CAMERAS)
        camera = CAMERAS[camera_number]
        scene = Scene(
            time=time_of_day(moment),
            weather=weather_at(moment, seed=seed),
            place=camera.place,
            vehicles=random_vehicles(chance),
            pedestrians=camera.place in ("street", "bridge") and chance.random() < 0.5,
            backdrop=camera_number,
            seed=chance.randrange(1 << 40),
        )
        frames.append(Frame(camera=camera, taken_at=moment.astimezone(UTC), scene=scene))
    return frames


def _moment(chance: random.Random) -> datetime:
    day = WEEK_START + timedelta(days=chance.randrange(7))
    hour = chance.uniform(18.5, 20.0) if chance.random() < 0.15 else chance.uniform(0.0, 24.0)
    return day + timedelta(seconds=int(hour * 3600))
