"""Measure pictures a second of the recipes for Ray Data, Daft and Spark, beside as many `clipsql worker`s.

    pip install ray daft pyspark
    python benchmarks/farms.py --pictures 2000

Each runs as users run it, in processes of its own and on a database of its own: on some pictures, and on more. What the
second run takes longer is what pictures take, in time and in time of processors, which other programs on the machine
hardly change; what the first one takes until its first rows is the start. Every process computes with one thread. All
take turns, in rounds; told are medians, beside the workers of the same round. Those whose package is not installed are
left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import psycopg
from PIL import Image
from servers import temporary_database
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.demo import MODEL_FOLDER
from clipsql.models import register_model

ROOT = Path(__file__).resolve().parents[1]
WORKERS = "clipsql worker"
RECIPES = {
    "Ray Data": ("ray", "ray_data", "actors"),
    "Daft": ("daft", "daft_frame", "processes"),
    "Spark": ("pyspark", "spark_job", "processes"),
}
"""The package, the example, and how this calls its processes."""
RECIPE = "import sys; __import__(sys.argv[1]).main('farm', **{sys.argv[2]: int(sys.argv[3])})"
SOME = 512
"""Two full batches."""


def main() -> None:
    """Parse the options, let all take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ways = [WORKERS, *(name for name, (package, *_) in RECIPES.items() if find_spec(package) is not None)]
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    with temporary_database() as (engine, folder):
        counts = (SOME, SOME + options.pictures)
        for count in counts:
            prepare(engine.url, folder / f"pictures{count}", count)
        for _ in range(options.rounds):
            for name in ways:
                some, more = (measured(name, engine.url, count, options.processes) for count in counts)
                runs[name].append(
                    Run(
                        start=some.start,
                        rate=options.pictures / (more.end - some.end),
                        processor_ms=1000 * (more.processors_s - some.processors_s) / options.pictures,
                    )
                )
                print(name, runs[name][-1], file=sys.stderr, flush=True)
    columns = ("pictures/s", "beside the workers", "processor ms a picture", "beside the workers", "start, s")
    print(f"| {options.processes} processes | {' | '.join(columns)} |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in ways:
        beside = list(zip(runs[name], runs[WORKERS], strict=True))
        cells = (
            f"{median(one.rate for one in runs[name]):,.0f}",
            f"{median(one.rate / workers.rate for one, workers in beside):.2f}",
            f"{median(one.processor_ms for one in runs[name]):.1f}",
            f"{median(one.processor_ms / workers.processor_ms for one, workers in beside):.2f}",
            f"{median(one.start for one in runs[name]):.0f}",
        )
        print(f"| {name} | {' | '.join(cells)} |")


class Run(NamedTuple):
    """Seconds until the first rows, pictures a second, and what each takes of a processor."""

    start: float
    rate: float
    processor_ms: float


class Measured(NamedTuple):
    """Seconds until the first rows and the last, and those of processors by then."""

    start: float
    end: float
    processors_s: float


def prepare(server: URL, folder: Path, count: int) -> None:
    """A database whose collection "demo" waits to be embedded; each run has a copy."""
    folder.mkdir()
    folder.chmod(0o755)
    draw(folder, count)
    url = copied(server, f"ready{count}", "template0")
    engine = create_engine(url)
    migrating.upgrade(engine)
    register_model(engine, str(MODEL_FOLDER), name="clipsql-demo", dtype="float32")
    engine.dispose()
    queue = ("ingest", str(folder), "--collection", "demo", "--model", "clipsql-demo", "--enqueue-only")
    subprocess.run((sys.executable, "-m", "clipsql", *queue), env=environment(url), check=True)


def draw(folder: Path, count: int) -> None:
    """Photographs of soft colours, 640 x 480, as JPEG."""
    random = np.random.default_rng(7)
    for number in range(count):
        small = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")


def copied(server: URL, name: str, template: str) -> str:
    """URL of a database that is made as a copy of another."""
    with psycopg.connect(text_of(server), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')
        connection.execute(f'create database "{name}" template "{template}"')
    return text_of(server.set(database=name))


def text_of(url: URL) -> str:
    """The URL with its password, as psycopg and clipsql read it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def environment(url: str) -> dict[str, str]:
    """What the processes of a run find in their environment."""
    return os.environ | {
        "CLIPSQL_DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "examples"))),
        "OMP_NUM_THREADS": "1",
        "DAFT_PROGRESS_BAR": "0",
        "DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def measured(name: str, server: URL, count: int, processes: int) -> Measured:
    """One run. Raises RuntimeError where a process fails."""
    url = copied(server, "run", f"ready{count}")
    if name == WORKERS:
        worker = ("-m", "clipsql", "worker", "--until-empty", "--dtype", "float32", "--thumbnails")
        collection, commands = "demo", [worker] * processes
    else:
        collection, commands = "farm", [("-c", RECIPE, *RECIPES[name][1:], str(processes))]
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        started = time.perf_counter()
        running = [
            subprocess.Popen((sys.executable, *command), env=environment(url), stdout=log, stderr=log)
            for command, log in zip(commands, logs, strict=True)
        ]
        processors = Processors(url)
        start, used, done = 0.0, 0.0, 0
        while done < count and any(one.poll() is None for one in running):
            time.sleep(0.05)
            done = embedded(connection, collection)
            used = processors.seconds()
            start = start or (time.perf_counter() - started if done else 0.0)
        end = time.perf_counter() - started
        codes = [one.wait() for one in running]
        if any(codes) or done < count:
            for log in logs:
                log.seek(0)
            told = "\n".join(log.read() for log in logs)
            raise RuntimeError(f"{name} has embedded {done} of {count}: {told}")
    return Measured(start, end, used)


class Processors:
    """The time of processors that all processes of a run have used, which are known by the URL in their environment."""

    def __init__(self, url: str) -> None:
        self._sign = f"CLIPSQL_DATABASE_URL={url}\0".encode()
        self._is_ours: dict[str, bool] = {}
        self._used: dict[str, float] = {}

    def seconds(self) -> float:
        """Seconds up to now; what a process used after it was last looked at is missed."""
        for process in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            with suppress(OSError):
                folder = Path("/proc", process)
                if process not in self._is_ours:
                    self._is_ours[process] = self._sign in (folder / "environ").read_bytes() + b"\0"
                if self._is_ours[process]:
                    numbers = (folder / "stat").read_text().rpartition(")")[2].split()
                    self._used[process] = sum(map(int, numbers[11:13])) / os.sysconf("SC_CLK_TCK")
        return sum(self._used.values())


def embedded(connection: psycopg.Connection, collection: str) -> int:
    """How many pictures of a collection have a vector."""
    row = connection.execute(
        "select count(*) from clipsql.image as i where i.collection = %s and i.status = 'embedded'",
        (collection,),
    ).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main()
