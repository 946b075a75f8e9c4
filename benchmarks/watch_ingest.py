"""Measure what watches take of a real ingest: the same pictures with the same model, under so many watches.

    python benchmarks/watch_ingest.py --model FOLDER --pictures FOLDER --watches 100 10000 100000

--vit measures a model of ViT-B/32's shape with random weights instead. In each round every number of watches has its
turn, on an empty database, in another order, so that a busy machine is as busy for all. Watches look into random
directions; each raises an alarm from four deviations above the mean on. All is milliseconds a picture, the median of
the rounds: "processor" is the time of this process and of PostgreSQL's sessions, which other programs on the machine
change less than the clock, and "of it" the share that the trigger takes, by PostgreSQL's clock. "a program" reads the
embeddings in batches of 16, as they were written, compares them with the matrix of all watches in memory (numpy) and
inserts the alarms. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
import psycopg
from ingest import _manifest, _model
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from servers import temporary_database
from sqlalchemy.engine import Engine
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel
from watch import Connection

from clipsql.db.models import ModelRow
from clipsql.encoding import Encoder, load_encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.sources import open_source
from clipsql.sources.discovery import find_pictures

BATCH = 16
"""So many the encoder takes at once without a GPU, and ingest writes at once."""


def main() -> None:
    """Parse the options, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--vit", action="store_true", help="its tokenizer, and ViT-B/32 with random weights")
    parser.add_argument("--pictures", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--watches", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--limit", type=int, default=512, help="pictures in an ingest (default 512)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with temporary_database() as (engine, folder):
        model = _vit(folder / "vit", options.model) if options.vit else options.model
        encoder = load_encoder(str(model))
        files = list(find_pictures(options.pictures.resolve()))[: options.limit]
        manifest = _manifest(folder / "pictures.csv", files)
        _show(engine, encoder, manifest, len(files), options)


def _show(
    engine: Engine, encoder: Encoder, manifest: Path, pictures: int, options: argparse.Namespace
) -> None:
    sizes = [0, *options.watches]
    names = ("clock", "processor", "in alarms", "a program", "alarms")
    times: dict[int, dict[str, list[float]]] = {size: {name: [] for name in names} for size in sizes}
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        register_vector(connection)
        connection.execute("alter system set track_functions = 'pl'")
        connection.execute("select pg_reload_conf()")
        connection.execute(
            "create temporary table found (watch_id bigint, image_id bigint, similarity float8)"
        )
        _ingest(engine, encoder, _model(engine, encoder), manifest)  # warms caches, threads and kernels
        known = np.stack([embedding for _, embedding in _embeddings(connection, 0, pictures)])
        vectors = _directions(max(sizes), encoder.dimensions)
        thresholds = _thresholds(vectors, known)
        for number in range(options.rounds):
            for size in random.Random(number).sample(sizes, len(sizes)):
                found = _run(engine, connection, encoder, manifest, vectors[:size], thresholds[:size])
                for name, value in zip(names, found, strict=True):
                    times[size][name].append(value / pictures)
    print(f"{encoder.name}, {encoder.dimensions} dimensions, {pictures} pictures, {options.rounds} rounds")
    print("watches | clock | processor | in alarms | of it  | a program | alarms")
    for size in sizes:
        clock, processor, trigger, program, alarms = (statistics.median(times[size][name]) for name in names)
        print(
            f"{size:7,} | {clock:5.1f} | {processor:9.1f} | {trigger:9.3f} | {100 * trigger / processor:4.1f} % |"
            f" {program:9.3f} | {alarms:.3f}"
        )


def _run(
    engine: Engine,
    connection: Connection,
    encoder: Encoder,
    manifest: Path,
    vectors: NDArray[np.float16],
    thresholds: NDArray[np.float64],
) -> tuple[float, float, float, float, int]:
    """Milliseconds of an ingest, by the clock and of processors, of its trigger and of a program; and alarms."""
    connection.execute("delete from clipsql.watch_list")
    model = _model(engine, encoder)
    _add_watches(connection, model.model_id, vectors, thresholds)
    connection.execute("select pg_stat_reset()")
    engine.dispose()  # sessions that end tell what they took
    before, started = _processor_s(connection), time.perf_counter()
    _ingest(engine, encoder, model, manifest)
    clock = time.perf_counter() - started
    engine.dispose()
    time.sleep(0.5)
    processor = _processor_s(connection) - before
    row = connection.execute(
        "select coalesce(sum(total_time), 0), (select count(*) from clipsql.alert)"
        " from pg_stat_user_functions where funcname = 'raise_alerts'"
    ).fetchone()
    assert row is not None
    matrix = vectors.astype(np.float32)
    started = time.perf_counter()
    rows = _embeddings(connection, 0, BATCH) if len(vectors) else []
    while rows:
        similar = np.stack([embedding for _, embedding in rows]) @ matrix.T
        places = np.argwhere(similar >= thresholds)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                "insert into found values (%s, %s, %s)",
                [(int(watch), rows[row][0], float(similar[row, watch])) for row, watch in places],
            )
        rows = _embeddings(connection, rows[-1][0], BATCH)
    return 1000 * clock, 1000 * processor, row[0], 1000 * (time.perf_counter() - started), row[1]


def _ingest(engine: Engine, encoder: Encoder, model: ModelRow, manifest: Path) -> None:
    report = Indexer(engine, encoder, model).ingest(
        open_source(manifest), IngestOptions(collection="measured")
    )
    assert not report.problems, report.problems


def _processor_s(connection: Connection) -> float:
    """Processor time of this process and of all sessions that have ended."""
    session = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().split()
    server = Path(f"/proc/{session[3]}/stat").read_text().split()
    return time.process_time() + sum(map(int, server[13:17])) / os.sysconf("SC_CLK_TCK")


def _embeddings(connection: Connection, after: int, count: int) -> list[tuple[int, NDArray[np.float32]]]:
    rows = connection.execute(
        "select image_id, embedding from clipsql.image_embedding where image_id > %s order by image_id limit %s",
        (after, count),
    ).fetchall()
    return [(image_id, embedding.to_numpy().astype(np.float32)) for image_id, embedding in rows]


def _directions(count: int, dimensions: int) -> NDArray[np.float16]:
    vectors = np.random.default_rng(1).standard_normal((count, dimensions)).astype(np.float32)
    halves: NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float16
    )
    return halves


def _thresholds(vectors: NDArray[np.float16], known: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each watch the similarity that one picture in some thirty thousand reaches."""
    similar = vectors.astype(np.float32) @ known.T
    found: NDArray[np.float64] = np.minimum(0.999, similar.mean(1) + 4.0 * similar.std(1)).astype(np.float64)
    return found


def _add_watches(
    connection: Connection, model_id: int, vectors: NDArray[np.float16], thresholds: NDArray[np.float64]
) -> None:
    """By COPY: to make each by clipsql.watch is not what is measured."""
    rows = connection.execute(
        "insert into clipsql.watch_list (name, owner, model_id, filters, timezone, min_similarity)"
        " select n::text, current_user, %s, '{}', 'UTC', 0 from generate_series(1, %s) as n order by n"
        " returning watch_id",
        (model_id, len(vectors)),
    ).fetchall()
    with connection.cursor().copy(
        "copy clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity)"
        " from stdin (format binary)"
    ) as copy:
        copy.set_types(["int4", "int8", "int4", "halfvec", "float8"])
        for (watch_id,), half, threshold in zip(rows, vectors, thresholds, strict=True):
            copy.write_row((model_id, watch_id, 1, HalfVector(half.astype(np.float32)), float(threshold)))
    connection.execute("vacuum analyze clipsql_private.watch_vector")


def _vit(folder: Path, tokenizer_of: Path) -> Path:
    CLIPModel(CLIPConfig(projection_dim=512)).half().save_pretrained(folder)
    for file in tokenizer_of.iterdir():
        if file.name not in ("config.json", "model.safetensors") and "processor" not in file.name:
            shutil.copy(file, folder)
    CLIPImageProcessor().save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
