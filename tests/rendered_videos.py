"""Videos for tests: frames of the demo's cameras, written in any container and codec that PyAV brings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from clipsql.demo.scenes import Scene, Vehicle, draw_scene

CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "mpeg4", ".webm": "libvpx-vp9"}
_FAST = {"libx264": {"preset": "veryfast"}, "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}
STREET = Scene("day", "clear", "street", (), pedestrians=False, backdrop=3, seed=7)
RATE = 10


def still(*vehicles: tuple[str, str], scene: Scene = STREET) -> Image.Image:
    """What the demo's camera sees: a street with these vehicles, (colour, kind) each."""
    placed = [
        Vehicle(kind, colour, 80.0 + 150 * number, 1 + number, faces_left=False)
        for number, (colour, kind) in enumerate(vehicles)
    ]
    return draw_scene(replace(scene, vehicles=tuple(placed)))


def write_video(
    path: Path,
    frames: Iterable[Image.Image],
    *,
    times: Sequence[float] | None = None,
    codec: str | None = None,
    pixels: str = "yuv420p",
    rotation: tuple[float, bool] | None = None,
    aspect: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """A video of the frames, ten a second, or each at its own of `times`; `rotation` is in degrees, and a mirror."""
    with av.open(str(path), "w", container_options=container or {}) as output:
        output.metadata.update(metadata or {})
        codec = codec or CODECS[path.suffix]
        stream: Any = output.add_stream(codec, rate=RATE, options={**_FAST.get(codec, {}), **(options or {})})
        shown = list(frames)
        stream.width, stream.height = shown[0].size if shown else (320, 240)
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, 1000)
        if stream.codec_context.name == "mpeg4":
            stream.codec_context.qmax = 8  # it would save at any price
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        output.start_encoding()
        for number, picture in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(
                np.asarray(picture), "rgba" if picture.mode == "RGBA" else "rgb24"
            )
            frame.pts = round(1000 * (number / RATE if times is None else times[number]))
            frame.time_base = Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """A file of the kind of a video that has sound alone."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
        output.mux(stream.encode())
    return path
