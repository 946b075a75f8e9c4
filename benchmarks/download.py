"""Measure downloads/s of clipsql beside its rivals on the same list, against a web server with latency and faults.

    python3 -m venv img2dataset && img2dataset/bin/pip install img2dataset
    pip install aiohttp
    python benchmarks/download.py --img2dataset img2dataset/bin/img2dataset --aiohttp

The server is that of the tests, in a process of its own on this machine: each answer comes 50 ms late, one picture in a
hundred fails at first (HTTP 503, or a connection that breaks in the middle) and comes when asked again. "aiohttp" is
clipsql's own downloader with aiohttp's sessions in the place of its connections and parser of HTTP/1.1: the same
robots.txt, pauses, redirects, bounds and checks of addresses. All contenders only download, nothing is decoded or
stored, with as many connections and retries, in one process each. Each round runs all, one after the other: first on
one core while the server has the others, so that all get the same CPU, then on all, which the server shares with
them. Seconds are from the first request to the last; CPU is that of the whole contender, its start included. clipsql
waits a second or two before it tries again; in a long list that counts for little.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from web import web_server

from clipsql.errors import DownloadError
from clipsql.ingest.worker import pictures_ahead
from clipsql.web.downloading import Download, Downloader, DownloadOptions

RETRIES = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one contender did with the list."""

    downloaded: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


def main() -> None:
    """Parse the options, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--urls", type=int, default=50_000, help="in the list (default 50,000)")
    parser.add_argument("--hosts", type=int, default=64, help="that they lie on (default 64)")
    parser.add_argument("--connections", type=int, default=256, help="at a time (default 256)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--img2dataset", metavar="PROGRAM", help="to be measured beside")
    parser.add_argument("--aiohttp", action="store_true", help="measure beside aiohttp's connections, too")
    parser.add_argument(
        "--picture-side", type=int, default=128, help="in pixels: 128 (default) are 13 kB, 450 are 157 kB"
    )
    parser.add_argument("--contender", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        if options.aiohttp:
            _take_aiohttp()
        _download(Path(options.contender).read_text().splitlines(), options.connections)
        return
    contenders: dict[str, Callable[[Path], Run]] = {
        "clipsql": lambda urls: _clipsql(urls, options.connections)
    }
    if options.aiohttp:
        contenders["aiohttp"] = lambda urls: _clipsql(urls, options.connections, "--aiohttp")
    if options.img2dataset:
        contenders["img2dataset"] = lambda urls: _img2dataset(urls, options.img2dataset, options.connections)
    every = os.sched_getaffinity(0)
    one = {min(every)}
    runs: dict[tuple[str, str], list[Run]] = {}
    for _ in range(options.rounds):
        for cores, its, the_servers in (("one core", one, every - one), ("all cores", every, every)):
            for name, run in contenders.items():
                # A server for each run, because it remembers which faults it has shown.
                with (
                    tempfile.TemporaryDirectory() as folder,
                    _on(the_servers),
                    web_server([_picture(options.picture_side)]) as port,
                    _on(its),
                ):
                    urls = Path(folder) / "urls.txt"
                    urls.write_text("\n".join(_urls(options.urls, options.hosts, port)))
                    runs.setdefault((cores, name), []).append(run(urls))
    _show(runs, options.urls)


def _urls(count: int, hosts: int, port: int) -> Iterator[str]:
    for number in range(count):
        yield f"http://127.0.1.{1 + number % hosts}:{port}/picture?{number}"


@contextmanager
def _on(cores: set[int]) -> Iterator[None]:
    """Within the block, what this process starts has these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _show(runs: dict[tuple[str, str], list[Run]], count: int) -> None:
    print(f"{count:,} URLs, median of {len(next(iter(runs.values())))} rounds, {os.cpu_count()} cores")
    print(f"{'':24} {'downloads/s':>12} {'CPU ms each':>12} {'peak MB':>8} {'downloaded':>12}")
    for (cores, name), rounds in runs.items():
        rate = statistics.median(run.downloaded / run.seconds for run in rounds)
        cpu = statistics.median(run.cpu_seconds / run.downloaded * 1000 for run in rounds)
        share = statistics.median(run.downloaded / count for run in rounds)
        peak = statistics.median(run.peak_mb for run in rounds)
        print(f"{name + ', ' + cores:24} {rate:12,.0f} {cpu:12.3f} {peak:8,.0f} {share:12.2%}")


def _clipsql(urls: Path, connections: int, *more: str) -> Run:
    command = [sys.executable, __file__, "--contender", str(urls), "--connections", str(connections), *more]
    done = _timed(command)
    result = json.loads(done.output)
    return Run(
        downloaded=result["downloaded"],
        seconds=result["seconds"],
        cpu_seconds=done.cpu_seconds,
        peak_mb=done.peak_mb,
    )


def _take_aiohttp() -> None:
    """Let this process's downloader speak HTTP through aiohttp."""
    from aiohttp_connections import AiohttpConnections

    from clipsql.web import fetching

    fetching.Connections = AiohttpConnections  # type: ignore[assignment, misc]


def _download(urls: list[str], connections: int) -> None:
    """Download the list in this process and print how that went."""
    options = DownloadOptions(
        allow_private_hosts=True, concurrency=connections, per_host=connections, retries=RETRIES
    )
    left, downloaded = iter(urls), 0
    is_done = threading.Event()
    under_way = min(len(urls), pictures_ahead(options))  # as many as a worker has

    def settled(future: Future[Download]) -> None:
        nonlocal downloaded, under_way
        error = future.exception()
        downloaded += error is None
        if error is not None and not isinstance(error, DownloadError):
            raise error
        url = next(left, None)
        if url is not None:
            downloader.submit(url).add_done_callback(settled)
            return
        under_way -= 1
        if not under_way:
            is_done.set()

    with Downloader(options) as downloader:
        started = time.monotonic()
        for url in list(itertools.islice(left, under_way)):
            downloader.submit(url).add_done_callback(settled)
        is_done.wait()
        seconds = time.monotonic() - started
    print(json.dumps({"downloaded": downloaded, "seconds": seconds}))


def _img2dataset(urls: Path, program: str, connections: int) -> Run:
    folder = urls.parent / "out"
    command = [program, f"--url_list={urls}", f"--output_folder={folder}", "--output_format=dummy"]
    command += [
        "--resize_mode=no",
        "--disable_all_reencoding=True",
        "--extract_exif=False",
        "--compute_hash=None",
    ]
    command += [
        "--processes_count=1",
        f"--thread_count={connections}",
        f"--retries={RETRIES}",
        "--timeout=30",
    ]
    command += ["--number_sample_per_shard=1000000"]
    done = _timed(command)
    (stats,) = (json.loads(file.read_text()) for file in folder.glob("*_stats.json"))
    return Run(
        downloaded=stats["successes"],
        seconds=stats["duration"],
        cpu_seconds=done.cpu_seconds,
        peak_mb=done.peak_mb,
    )


@dataclass(frozen=True, kw_only=True)
class _Done:
    output: str
    cpu_seconds: float
    peak_mb: float


def _timed(command: list[str]) -> _Done:
    """Run a command to its end; its CPU is its own and that of the processes it started."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{command[0]} failed: {errors.read().decode()[-2000:]}")
        return _Done(
            output=output.read().decode(),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mb=usage.ru_maxrss / 1024,  # of one process, the largest
        )


def _picture(side: int) -> bytes:
    """Noise as a JPEG."""
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG", quality=85)
    return file.getvalue()


if __name__ == "__main__":
    main()
