"""Does decoding keep pace, and are moments found? `python benchmarks/video.py [--seconds 60] [--films 4] [--seeds 5]`

A. Decoding. A film of 1280 x 720 at 25 frames a second, H.264 with FFmpeg's defaults (a keyframe in ten seconds at
   most), drawn by the demo. Told are frames of the film a second, each round running every method once, in processes of
   their own: `ffmpeg` decoding to nothing, and to one RGB picture a second, if it is installed; a naive loop, which
   converts every frame that it decodes; and what ingest does with --every 1s, --keyframes and --scenes, up to the bytes
   of the pictures. Beside it stands how many of these the model in the box embeds a second on this machine, and what
   memory the process of each method took altogether.

B. Moments. Films of the demo's cameras in which vehicles drive past, ingested as `clipsql ingest` does. Every pair of
   colour and kind that drives past is a query, "a red truck"; as many moments are asked for as there are, so that
   precision is recall. A moment is right when it and a passage share half of the time that they cover together
   (intersection over union >= 0.5). Rivals are made of the same hits of `clipsql.search_text`: single frames, and a
   window of ten seconds around the best frames, none over another. Intervals are of the mean over seeds (Student,
   95 %). The rule of the moments was chosen on films of other seeds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy; torch has threads of its own

import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from servers import temporary_database

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.cameras import CAMERAS
from clipsql.demo.films import Film, film_of, write_film
from clipsql.demo.scenes import draw_scene
from clipsql.picture import PictureRecord
from clipsql.search.searcher import Searcher
from clipsql.sources import open_source
from clipsql.sources.sampling import Sampling
from clipsql.sources.video import VideoReading

SIZE = (1280, 720)
RATE = 25
ROUNDS = 3
WINDOW_S = 10.0
STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
"""Number of seeds -> the quantile for 95 %."""


def write_long_film(path: Path, seconds: int) -> None:
    """A film of whole motion: a street that the camera pans over, another one every ten seconds."""
    import av

    scenes = film_of(CAMERAS[2], seconds=max(20, seconds // 4)).scenes
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * RATE):
            if number % (10 * RATE) == 0:
                time_of_day = ("day", "night")[number // (10 * RATE) % 2]
                scene = replace(scenes[number // RATE % len(scenes)], backdrop=number, time=time_of_day)
                wide = np.asarray(draw_scene(scene, size=(SIZE[0] * 2, SIZE[1])))
            left = 2 * (number % (10 * RATE))
            shown = np.ascontiguousarray(wide[:, left : left + SIZE[0]])
            output.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "rgb24")))
        output.mux(stream.encode())


def naive(video: Path) -> int:
    """What a first program does: every frame decoded and made a picture, one of a second kept."""
    import av

    kept = []
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            picture = frame.to_image()
            if number % RATE == 0:
                kept.append(picture)
    return len(kept)


def ours(video: Path, sampling: Sampling) -> int:
    """What ingest does, up to the bytes that are then read as a picture's."""
    reading = VideoReading(base=PictureRecord(video.as_uri(), video), digest=bytes(32), sampling=sampling)
    return sum(1 for _ in reading.frames())


def ffmpeg(video: Path, *how: str) -> int:
    command = ("ffmpeg", "-v", "error", "-i", str(video), *how, "-f", "rawvideo", "-y", "/dev/null")
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            note_memory(running.pid)
            time.sleep(0.02)
    return 0


_most_kb = 0


def note_memory(process: int) -> None:
    """Remember the peak memory of a process, as the system tells it."""
    global _most_kb
    try:
        told = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it ended just now
        return
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    _most_kb = max(_most_kb, int(found[1]) if found else 0)


METHODS: dict[str, Callable[[Path], int]] = {
    "ffmpeg, decoding alone": lambda video: ffmpeg(video, "-an"),
    "ffmpeg, one RGB picture a second": lambda video: ffmpeg(video, "-vf", "fps=1", "-pix_fmt", "rgb24"),
    "naive loop": naive,
    "--every 1s": lambda video: ours(video, Sampling()),
    "--scenes": lambda video: ours(video, Sampling("scenes")),
    "--keyframes": lambda video: ours(video, Sampling("keyframes")),
}


def measured(method: str, video: Path) -> dict[str, float]:
    """Seconds, pictures and peak memory in MB of a method, in a process of its own."""
    program = f"import video; video.tell({method!r}, {str(video)!r})"
    done = subprocess.run(
        (sys.executable, "-c", program), capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def tell(method: str, video: str) -> None:
    """Print what `measured` reads."""
    started = time.perf_counter()
    pictures = METHODS[method](Path(video))
    seconds = time.perf_counter() - started
    if not method.startswith("ffmpeg"):
        note_memory(os.getpid())
    print(json.dumps({"seconds": seconds, "pictures": pictures, "mb": _most_kb / 1024}))


def decoding(folder: Path, seconds: int) -> None:
    # torch is for these alone: it would be most of the memory of the processes that are measured.
    from clipsql.encoding import load_encoder

    video = folder / "long.mp4"
    write_long_film(video, seconds)
    names = [name for name in METHODS if shutil.which("ffmpeg") or not name.startswith("ffmpeg")]
    rounds = [{name: measured(name, video) for name in names} for _ in range(ROUNDS)]
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    picture = draw_scene(film_of(CAMERAS[2], seconds=10).scenes[-1])
    pixels = encoder.preprocess([picture] * 64)
    encoder.encode_pixels(pixels)
    started = time.perf_counter()
    encoder.encode_pixels(pixels)
    embedded = 64 / (time.perf_counter() - started)
    print(f"A film of {seconds} s, {SIZE[0]} x {SIZE[1]}, {RATE} frames/s; medians of {ROUNDS} rounds")
    print(f"{'':36}{'frames/s':>10}{'x real time':>13}{'pictures':>10}{'pictures/s':>12}{'MB':>7}")
    for name in names:
        took = statistics.median(one[name]["seconds"] for one in rounds)
        pictures = rounds[0][name]["pictures"]
        print(
            f"{name:36}{seconds * RATE / took:10.0f}{seconds / took:13.1f}{pictures:10.0f}{pictures / took:12.1f}"
            f"{max(one[name]['mb'] for one in rounds):7.0f}"
        )
    print(
        f"The model in the box embeds {embedded:.0f} pictures/s, which is what decoding must keep pace with.\n"
    )


Span = tuple[str, float, float]
"""A video by its name, and seconds."""


def truth(films: dict[str, Film]) -> dict[str, list[Span]]:
    """When what drives past, by the text that asks for it; passages that touch are one."""
    spans: dict[str, list[Span]] = {}
    for name, film in films.items():
        for one in sorted(film.passages, key=lambda passage: passage.from_s):
            colour, kind = one.vehicle
            known = spans.setdefault(f"{'an' if colour == 'orange' else 'a'} {colour} {kind}", [])
            if known and known[-1][0] == name and known[-1][2] >= one.from_s:
                known[-1] = (name, known[-1][1], max(known[-1][2], one.until_s))
            else:
                known.append((name, one.from_s, one.until_s))
    return spans


def right(found: Sequence[Span], wanted: Sequence[Span]) -> int:
    """How many of the wanted moments are found, each once."""
    left = list(wanted)
    for name, begins, ends in found:
        for one in left:
            shared = min(ends, one[2]) - max(begins, one[1])
            if one[0] == name and shared > 0 and shared / (ends - begins + one[2] - one[1] - shared) >= 0.5:
                left.remove(one)
                break
    return len(wanted) - len(left)


def windows(frames: Sequence[Span], count: int) -> Iterator[Span]:
    """Ten seconds around the best frames, best first, none over another."""
    taken: list[Span] = []
    for name, begins, ends in frames:
        middle = (begins + ends) / 2
        if all(one[0] != name or abs(middle - (one[1] + one[2]) / 2) >= WINDOW_S for one in taken):
            taken.append((name, max(0.0, middle - WINDOW_S / 2), middle + WINDOW_S / 2))
        if len(taken) == count:
            break
    return iter(taken)


def moments(films: int, seeds: int, seconds: int) -> None:
    from clipsql.ingest.indexer import Indexer, IngestOptions
    from clipsql.models import register_model

    shares: dict[str, list[float]] = {"single frames": [], "windows of 10 s": [], "search_moments": []}
    asked = 0
    with temporary_database() as (engine, folder):
        model, encoder = register_model(engine, str(MODEL_FOLDER), name="demo", dtype="float32")
        for seed in range(100, 100 + seeds):
            collection = f"seed {seed}"
            shot = {
                f"{seed}-{number}.mp4": film_of(CAMERAS[number % len(CAMERAS)], seconds=seconds, seed=seed)
                for number in range(films)
            }
            (folder / collection).mkdir()
            for name, film in shot.items():
                write_film(folder / collection / name, film)
            Indexer(engine, encoder, model).ingest(
                open_source(folder / collection), IngestOptions(collection=collection)
            )
            searcher = Searcher(engine, model="demo")
            with engine.connect() as connection:
                rows = connection.exec_driver_sql(
                    "select image_id, video, from_s, until_s from clipsql.video_frame"
                )
                spans = {row[0]: (row[1].rpartition("/")[2], row[2], row[3]) for row in rows}
            hits, total = dict.fromkeys(shares, 0), 0
            for text, wanted in truth(shot).items():
                total += len(wanted)
                found = searcher.search_text(text, in_collection=collection, max_results=50 * len(wanted))
                frames = [spans[match.image_id] for match in found]
                best = searcher.search_moments(text, in_collection=collection, max_results=len(wanted))
                hits["single frames"] += right(frames[: len(wanted)], wanted)
                hits["windows of 10 s"] += right(list(windows(frames, len(wanted))), wanted)
                hits["search_moments"] += right(
                    [
                        (one.url.rpartition("#")[0].rpartition("/")[2], one.from_s, one.until_s)
                        for one in best
                    ],
                    wanted,
                )
            asked += total
            for name, count in hits.items():
                shares[name].append(count / total)
    print(
        f"{asked} passages in {films * seeds} films of {seconds} s; recall = precision at IoU >= 0.5 over {seeds} seeds"
    )
    for name, values in shares.items():
        mean = statistics.mean(values)
        half = STUDENT[len(values)] * statistics.stdev(values) / math.sqrt(len(values))
        print(f"{name:36}{mean:6.3f}  [{max(0, mean - half):.3f}, {min(1, mean + half):.3f}]")


@click.command()
@click.option("--seconds", default=60, show_default=True, help="Of the film that is decoded.")
@click.option("--films", default=4, show_default=True, help="Of each seed.")
@click.option("--film-seconds", default=120, show_default=True)
@click.option("--seeds", type=click.IntRange(2, 10), default=5, show_default=True)
def main(seconds: int, films: int, film_seconds: int, seeds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="clipsql-video-") as folder:
        decoding(Path(folder), seconds)
    moments(films, seeds, film_seconds)


if __name__ == "__main__":
    main()
