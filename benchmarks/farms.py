"""Measure pictures a second of the recipes for Ray Data, Daft and Spark, beside as many `clipsql worker`s.

    python benchmarks/farms.py --pictures 2000

Each runs as users run it, in processes of its own, on a few pictures and then on all: the difference is the speed, what
is left of the first is the start. Every process computes with one thread. Those whose package is not installed are
left out. The rows are compared with those of the workers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from servers import temporary_database
from sqlalchemy.engine import Engine

from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

ROOT = Path(__file__).resolve().parents[1]
RECIPES = {"Ray Data": ("ray", "ray_data"), "Daft": ("daft", "daft_frame"), "Spark": ("pyspark", "spark_job")}
CLIPSQL = (sys.executable, "-c", "from clipsql.cli import main; main()")
FEW = 64


def main() -> None:
    """Parse the options, run each on few and on all pictures, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    for count in (FEW, FEW + options.pictures):
        with temporary_database() as (engine, folder):
            for name, one in timed(engine, folder, count, options.processes).items():
                seconds.setdefault(name, []).append(one)
    rates = {name: options.pictures / max(1e-9, all_ - few) for name, (few, all_) in seconds.items()}
    print("| | pictures/s | beside the workers | start, s |\n|---|---:|---:|---:|")
    for name, rate in rates.items():
        start = max(0.0, seconds[name][0] - FEW / rate)
        print(f"| {name} | {rate:,.0f} | {rate / rates['clipsql worker']:.2f} | {start:.1f} |")


def timed(engine: Engine, folder: Path, count: int, processes: int) -> dict[str, float]:
    """Seconds that each takes for so many pictures, by name. Raises RuntimeError when rows differ."""
    draw(folder / "pictures", count)
    register_model(engine, str(MODEL_FOLDER), name="clipsql-demo", dtype="float32")
    url = engine.url.render_as_string(hide_password=False)
    environment = os.environ | {
        "CLIPSQL_DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "examples"))),
        "OMP_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    queued = (*CLIPSQL, "ingest", str(folder / "pictures"), "--collection", "demo", "--enqueue-only")
    run([queued], environment)
    ways: dict[str, Callable[[], None]] = {
        name: lambda file=file, package=package: run(
            [(sys.executable, "-c", RUN, file, package, str(processes))], environment
        )
        for name, (package, file) in RECIPES.items()
        if find_spec(package) is not None
    }
    worker = (*CLIPSQL, "worker", "--until-empty", "--dtype", "float32", "--thumbnails")
    ways["clipsql worker"] = lambda: run([worker] * processes, environment)
    seconds = {}
    for name, way in ways.items():
        started = time.perf_counter()
        way()
        seconds[name] = time.perf_counter() - started
    with engine.connect() as connection:
        counts = dict(connection.exec_driver_sql(EMBEDDED).all())  # type: ignore[arg-type]
    if set(counts.values()) != {count} or len(counts) != len(ways):
        raise RuntimeError(f"Not all have embedded {count} pictures: {counts}.")
    return seconds


RUN = """
import sys
recipe = __import__(sys.argv[1])
recipe.main(**{"actors" if sys.argv[2] == "ray" else "processes": int(sys.argv[3])})
"""
EMBEDDED = """
    select i.collection, count(*) from clipsql.image as i join clipsql.image_embedding as e using (image_id) group by 1
"""


def run(commands: list[tuple[str, ...]], environment: Mapping[str, str]) -> None:
    """Run commands at once, until the last has ended."""
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    for one in started:
        if one.wait() != 0:
            raise RuntimeError(f"{one.args} failed with {one.returncode}.")


def draw(folder: Path, count: int) -> None:
    """Photographs of soft colours, 640 x 480, as JPEG."""
    folder.mkdir()
    random = np.random.default_rng(7)
    for number in range(count):
        small = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")
    folder.chmod(0o755)


if __name__ == "__main__":
    main()
