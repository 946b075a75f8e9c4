"""Measure `clipsql ingest` beside the model's pure forward pass and the naive loop, and its peak memory.

    python benchmarks/ingest.py --model ../shared/data/models/photo-dual --pictures ../shared/data/flickr8k-val/images

Each round runs them on the same pictures, one after the other, on a fresh partition of a private embedded server;
captions are off. With --urls pictures are also ingested from a web server on this machine, a process of its own, whose
answers come 50 ms late and of which one in a hundred fails at first. The table has the median of the rounds, and the
ratios within each round.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from PIL import Image
from sqlalchemy.engine import Engine
from web import web_server

from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow, add_model, remove_model
from clipsql.db.schema import migrating
from clipsql.encoding import Encoder, load_encoder
from clipsql.images.decoding import decode
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.server import EmbeddedServer
from clipsql.sources import open_source
from clipsql.sources.discovery import find_pictures
from clipsql.web.downloading import DownloadOptions

FORWARD = "pure forward pass, preloaded"
MODEL = "measured"


def main() -> None:
    """Parse the options, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True, metavar="FOLDER")
    parser.add_argument("--pictures", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--limit", type=int, default=512, help="pictures in a round (default 512)")
    parser.add_argument("--naive", type=int, default=128, help="of them, for the naive loop (default 128)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--urls", type=int, default=0, help="ingest so many from a web server, too")
    parser.add_argument(
        "--memory",
        type=int,
        nargs="*",
        default=[2000, 8000],
        metavar="PICTURES",
        help="sizes of the memory runs",
    )
    options = parser.parse_args()
    files = list(find_pictures(options.pictures.resolve()))
    with _server() as url, tempfile.TemporaryDirectory() as folder:
        if options.rounds:
            some = files[: options.limit]
            with web_server([file.read_bytes() for file in some]) if options.urls else nullcontext() as port:
                _show_speed(url, options.model, some, options, Path(folder), port)
        for count in options.memory:
            manifest = _manifest(Path(folder) / f"{count}.csv", islice(cycle(files), count))
            print(
                f"peak memory of ingest, {count:,} pictures: {_peak_memory_mb(url, options.model, manifest):,.0f} MB"
            )


def _show_speed(
    url: str,
    location: str,
    files: Sequence[Path],
    options: argparse.Namespace,
    folder: Path,
    port: int | None,
) -> None:
    encoder = load_encoder(location)
    # What somebody writes first: the dtype that the model's configuration names, one picture after the other.
    as_it_loads = load_encoder(location, dtype="float32")
    engine = create_engine(url)
    manifest = _manifest(folder / "pictures.csv", files)
    pixels = np.concatenate([encoder.preprocess([_decoded(file, encoder)]) for file in files])
    ways: dict[str, tuple[int, Callable[[], None]]] = {
        FORWARD: (len(files), lambda: _forward(encoder, pixels)),
        "clipsql ingest": (len(files), lambda: _ingest(engine, encoder, manifest)),
        "naive loop, as it loads (float32)": (
            min(options.naive, len(files)),
            lambda: _naive(url, _model(engine, encoder), as_it_loads, files[: options.naive]),
        ),
        f"naive loop, {encoder.dtype}": (
            min(options.naive, len(files)),
            lambda: _naive(url, _model(engine, encoder), encoder, files[: options.naive]),
        ),
    }
    if port is not None:
        listed, numbers = folder / "urls.csv", iter(range(0, 1_000_000, options.urls))

        def ingest_urls() -> None:
            first = next(numbers)  # the server shows each fault once
            urls = [f"http://127.0.0.1:{port}/picture?{first + number}" for number in range(options.urls)]
            listed.write_text("\n".join(["url", *urls]))
            _ingest(engine, encoder, listed)

        ways["clipsql ingest of URLs"] = (options.urls, ingest_urls)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for name, (_, run) in ways.items():  # warm caches, threads and kernels
        if not name.startswith("clipsql ingest"):
            run()
    for _ in range(options.rounds):
        for name, (count, run) in ways.items():
            started = time.perf_counter()
            run()
            rates[name].append(count / (time.perf_counter() - started))
    engine.dispose()
    ours = rates["clipsql ingest"]
    print(
        f"{encoder.name}, {encoder.dtype} on {encoder.device}, {os.cpu_count()} cores, {len(files)} pictures"
    )
    print(f"{'':34}{'images/s':>10}{'ingest is':>12}   in each round")
    for name, found in rates.items():
        ratios = [mine / other for mine, other in zip(ours, found, strict=True)]
        print(
            f"{name:34}{statistics.median(found):10.1f}{statistics.median(ratios):11.2f}x"
            f"   {' '.join(f'{ratio:.2f}' for ratio in ratios)}"
        )
    if port is not None:
        pure = rates[FORWARD]
        shares = [mine / other for mine, other in zip(rates["clipsql ingest of URLs"], pure, strict=True)]
        print(
            f"ingest of URLs is {statistics.median(shares):.2f}x the {FORWARD} "
            f"({' '.join(f'{share:.2f}' for share in shares)})"
        )


def _forward(encoder: Encoder, pixels: NDArray[np.float32]) -> None:
    for start in range(0, len(pixels), encoder.batch_size):
        encoder.encode_pixels(pixels[start : start + encoder.batch_size])


def _ingest(engine: Engine, encoder: Encoder, manifest: Path) -> None:
    downloads = DownloadOptions(allow_private_hosts=True, per_host=64)
    report = Indexer(engine, encoder, _model(engine, encoder), downloads=downloads).ingest(
        open_source(manifest), IngestOptions(collection="measured")
    )
    assert not report.problems, report.problems


def _naive(url: str, model: ModelRow, encoder: Encoder, files: Sequence[Path]) -> None:
    """One picture at a time: open, encode, insert, commit."""
    with psycopg.connect(url) as connection:
        register_vector(connection)
        for file in files:
            with Image.open(file) as picture:
                embedding = encoder.encode_images([picture.convert("RGB")])[0]
            row = connection.execute(
                "insert into clipsql.image (collection, url, file) values ('naive', %s, %s) returning image_id",
                (file.as_uri(), str(file)),
            ).fetchone()
            assert row is not None
            connection.execute(
                "insert into clipsql.image_embedding (image_id, model_id, embedding) values (%s, %s, %s)",
                (row[0], model.model_id, HalfVector(embedding)),
            )
            connection.commit()


def _model(engine: Engine, encoder: Encoder) -> ModelRow:
    """An empty database with the model, its partitions still without an index."""
    with engine.begin() as connection:
        connection.exec_driver_sql("truncate clipsql.image cascade")
        known = connection.exec_driver_sql("select 1 from clipsql.model where name = %s", (MODEL,)).first()
    if known is not None:
        remove_model(engine, MODEL)
    return add_model(
        engine,
        name=MODEL,
        location=encoder.name,
        revision=encoder.revision,
        dimensions=encoder.dimensions,
        logit_scale=encoder.logit_scale,
    )


def _peak_memory_mb(url: str, model: str, manifest: Path) -> float:
    """Peak resident memory of a whole `clipsql ingest` process."""
    arguments = ("ingest", str(manifest), "--collection", manifest.stem, "--model", model)
    command = (sys.executable, "-c", "from clipsql.cli import main; main()", *arguments)
    process = subprocess.Popen(command, env={**os.environ, "CLIPSQL_DATABASE_URL": url}, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"ingest ended with {process.returncode}"
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def _decoded(file: Path, encoder: Encoder) -> Image.Image:
    return decode(file.read_bytes(), target_size=encoder.image_size).pixels


def _manifest(path: Path, files: Iterator[Path] | Sequence[Path]) -> Path:
    """A manifest in which every row is a picture of its own, although files come again."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "url"))
        writer.writerows((file.resolve(), f"https://pictures.example/{n}") for n, file in enumerate(files))
    return path


@contextmanager
def _server() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    home.chmod(0o711)
    server = EmbeddedServer(home)
    try:
        url = server.start()
        engine = create_engine(url)
        migrating.upgrade(engine)
        engine.dispose()
        yield url
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
