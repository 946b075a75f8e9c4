"""What one `clipsql serve` answers over HTTP: thumbnails and searches a second, beside a worker or not, and its memory.

    python benchmarks/serve.py --frames 600 --rows 20000 --seconds 10

The pictures are the demo's frames with thumbnails, and rows with random vectors beside them. The server is a process of
its own, as are the clients, which keep their connections; all share this machine with PostgreSQL. "Beside a worker"
means: while pictures are ingested and embedded without end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.db import keys
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.schema import migrating
from clipsql.demo import world
from clipsql.demo.tour import MODEL
from clipsql.server import EmbeddedServer
from clipsql.server.postmaster import free_port

_CLI = (sys.executable, "-c", "from clipsql.cli import main; main()")
_QUERIES = [
    f"a {colour} {what} {when}"
    for colour in ("red", "blue", "white", "yellow")
    for what in ("truck", "bus", "car", "motorcycle")
    for when in ("at night", "in the rain", "in the snow", "at sunset")
]


def main() -> None:
    """Print a table of requests a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipsql-serve-") as home:
        Path(home).chmod(0o755)
        server = EmbeddedServer(Path(home))
        try:
            url = server.start()
            engine = create_engine(url)
            images = _fill(engine, Path(home) / "demo", frames=given.frames, rows=given.rows)
            key = keys.add_key(engine, "benchmark")
            with _served(url) as (port, process, started_s):
                print(f"first thumbnail {_first(port, key, images[0], started_s):.2f} s after the start")
                _measure(port, process, key, images, given.seconds, given.clients, "alone")
                with _ingesting(url, Path(home)):
                    known, began = _count(engine), time.perf_counter()
                    _measure(port, process, key, images, given.seconds, given.clients, "beside a worker")
                    rate = (_count(engine) - known) / (time.perf_counter() - began)
                    print(f"which embedded {rate:.0f} pictures/s meanwhile")
            engine.dispose()
        finally:
            server.remove()


def _fill(engine: Engine, folder: Path, *, frames: int, rows: int) -> list[int]:
    migrating.upgrade(engine)
    folder.mkdir()
    world.set_up(engine, folder, frames=frames)
    searcher = Searcher(engine, model=MODEL)
    searcher.ingest(str(folder), collection="demo", thumbnails=True)
    vectors = np.random.default_rng(1).standard_normal((rows, searcher.model.dimensions)).astype(np.float32)
    urls = [f"https://pictures.example/{number}.jpg" for number in range(rows)]
    searcher.put_many("others", {"url": urls, "embedding": vectors})
    ensure_index(engine, searcher.model, table="image_embedding")
    with engine.begin() as connection:
        found = connection.exec_driver_sql(
            "select image_id from clipsql_private.thumbnail order by 1"
        ).scalars()
        return list(found)


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("select count(*) from clipsql.image").scalar_one())


@contextmanager
def _served(url: str) -> Iterator[tuple[int, psutil.Process, float]]:
    port = free_port()
    started_s = time.perf_counter()
    server = subprocess.Popen(
        (*_CLI, "--log-level", "warning", "serve", "--model", MODEL, "--port", str(port)),
        env=os.environ | {"CLIPSQL_DATABASE_URL": url},
    )
    try:
        yield port, psutil.Process(server.pid), started_s
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _ingesting(url: str, home: Path) -> Iterator[None]:
    # Each round embeds the same frames in a collection that is new to them.
    command = " ".join(f"'{part}'" for part in _CLI)
    endless = (
        f"n=0; while true; do {command} ingest demo --collection again$n --model {MODEL}; n=$((n+1)); done"
    )
    worker = subprocess.Popen(
        ("sh", "-c", endless),
        cwd=home,
        env=os.environ | {"CLIPSQL_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        time.sleep(5)  # until its model is loaded
        yield
    finally:
        os.killpg(worker.pid, 15)
        worker.wait()


def _first(port: int, key: str, image: int, started_s: float) -> float:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/images/{image}/thumbnail", headers={"Api-Key": key}
    )
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                assert answer.read(2) == b"\xff\xd8"
                return time.perf_counter() - started_s
        except OSError:
            time.sleep(0.01)


def _measure(
    port: int, process: psutil.Process, key: str, images: list[int], seconds: float, clients: int, where: str
) -> None:
    head = f"Host: 127.0.0.1:{port}\r\nApi-Key: {key}\r\n"
    thumbnails = [f"GET /v1/images/{image}/thumbnail HTTP/1.1\r\n{head}\r\n".encode() for image in images]
    searches = []
    for query in _QUERIES:
        body = json.dumps({"text": query, "max_results": 20})
        searches.append(
            f"POST /v1/search HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
    for what, requests in (("thumbnails", thumbnails), ("searches", searches)):
        before, spent = process.memory_info().rss, sum(process.cpu_times()[:2])
        took = asyncio.run(_ask(port, requests, seconds, clients))
        after, spent = process.memory_info().rss, sum(process.cpu_times()[:2]) - spent
        millis = 1000 * np.array(took)
        print(
            f"{where:16} {what:10} {len(took) / seconds:6.0f} /s   p50 {np.median(millis):6.1f} ms"
            f"   p95 {np.quantile(millis, 0.95):6.1f} ms   CPU of the server {1000 * spent / len(took):5.2f} ms each"
            f"   memory {before / 2**20:.0f} -> {after / 2**20:.0f} MB"
        )


async def _ask(port: int, requests: list[bytes], seconds: float, clients: int) -> list[float]:
    """How long each answer took, of clients that ask one after the other."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = number * 7919
        while (began := time.perf_counter()) < end:
            writer.write(requests[place % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"answered: {head[:200]!r}")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            place += 1
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return took


if __name__ == "__main__":
    main()
