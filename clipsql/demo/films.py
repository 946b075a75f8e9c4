"""Films of the demo's cameras: vehicles drive past, and it is known from which second until which."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from clipsql.demo.cameras import WEEK_START, Camera
from clipsql.demo.scenes import Scene, Vehicle, draw_scene
from clipsql.demo.scenes_facts import COLOURS, KINDS, LANES, PICTURE_SIZE
from clipsql.extras import require_extra

_LONGEST_PAUSE, _SHORTEST_PASSAGE, _LONGEST_PASSAGE = 6, 4, 12
_CODEC = {"threads": "1", "crf": "20"}
"""One thread, so that every machine writes the same bytes."""


@dataclass(frozen=True)
class Passage:
    """A vehicle in a film, from one second until another."""

    vehicle: tuple[str, str]
    from_s: float
    until_s: float


@dataclass(frozen=True)
class Film:
    """What a camera saw: a scene for each frame, `rate` a second, and what drove past."""

    recorded_at: dt.datetime
    rate: int
    scenes: Sequence[Scene]
    passages: Sequence[Passage]


def film_of(camera: Camera, *, seconds: int, rate: int = 2, seed: int = 0) -> Film:
    """The film of a camera on Monday at eight: one or two vehicles at a time, at times none; the same for a seed."""
    chance = random.Random(f"film {camera.id} {seed}")
    road = Scene(
        time="day",
        weather=chance.choice(("clear", "clear", "rain", "fog")),
        place=camera.place,
        vehicles=(),
        pedestrians=False,
        backdrop=chance.randrange(1_000),
        seed=0,
    )
    scenes: list[Scene] = []
    passages: list[Passage] = []
    while len(scenes) < seconds * rate:
        # An empty road looks the same for as long as nobody is there.
        scenes += [road] * (rate * chance.randint(0, _LONGEST_PAUSE))
        begins = len(scenes)
        frames = rate * chance.randint(_SHORTEST_PASSAGE, _LONGEST_PASSAGE)
        lanes = sorted(chance.sample(range(len(LANES)), chance.choice((1, 1, 2))))
        driving = [(chance.choice(KINDS), chance.choice(COLOURS), lane) for lane in lanes]
        scenes += [
            replace(road, vehicles=_driven(driving, number / frames), seed=chance.randrange(1 << 40))
            for number in range(frames)
        ]
        passages += [
            Passage((colour, kind), begins / rate, (begins + frames) / rate) for kind, colour, _ in driving
        ]
    return Film(WEEK_START + dt.timedelta(hours=8), rate, scenes, passages)


def _driven(driving: Sequence[tuple[str, str, int]], share: float) -> tuple[Vehicle, ...]:
    """Vehicles that have come so far over the picture: those in the middle lane from the right."""
    width = PICTURE_SIZE[0]
    return tuple(
        Vehicle(
            kind, colour, width * (0.8 - 0.6 * share if lane == 1 else 0.2 + 0.6 * share), lane, lane == 1
        )
        for kind, colour, lane in driving
    )


def write_film(path: Path, film: Film) -> Path:
    """The film as a file of H.264; one that is there stays. Raises ConfigurationError without the extra video."""
    require_extra("video", "Writing a film")
    import av

    if path.exists():
        return path
    unfinished = path.with_name(f"unfinished-{path.name}")
    pictures = {scene: draw_scene(scene) for scene in dict.fromkeys(film.scenes)}
    with av.open(str(unfinished), "w", options={"movflags": "faststart"}) as output:
        output.metadata["creation_time"] = film.recorded_at.astimezone(dt.UTC).isoformat()
        stream: Any = output.add_stream("libx264", rate=film.rate, options=_CODEC)
        stream.width, stream.height = PICTURE_SIZE
        stream.pix_fmt = "yuv420p"
        for number, scene in enumerate(film.scenes):
            frame = av.VideoFrame.from_ndarray(np.asarray(pictures[scene]), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, film.rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    unfinished.replace(path)
    return path
