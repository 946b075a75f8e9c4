"""How often do counts with error bars hold the truth? `clipsql.count_matches` after so many checks, again and again.

    python benchmarks/count_rates.py --traffic ../shared/data/traffic --model ../shared/data/models/photo-dual

"demo" is the week of `clipsql demo`, of whose frames the truth is known: what is drawn. Of "traffic", frames of three
real cameras, it is known which are the grey card of a camera that is away. A resample is the same query under another
name, under which chance picks other pictures: they are judged by the truth, in the order of `clipsql.next_to_check`. A
row tells in how many of 100 resamples the interval, stated at 95, held the true number in all and that of a single day;
the mean of the counts, which is to be the truth; and the mean width of the interval.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from servers import temporary_database
from sqlalchemy.engine import Connection
from watch_rates import demo, embed

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.cameras import week_of_frames
from clipsql.encoding import load_encoder
from clipsql.search.searcher import Searcher

VEHICLES = (("red", "truck"), ("white", "car"), ("blue", "bus"), ("yellow", "van"))
"""What is counted in the demo's week."""

_JUDGE = """
    select clipsql.judge_match(%(query)s, n.image_id, n.image_id = any (%(right)s))
    from clipsql.next_to_check(%(query)s, %(checks)s, query_vector => %(vector)s::vector) as n
"""
_COUNT = """
    select c.bucket, c.matches, c.low, c.high
    from clipsql.count_matches(%(query)s, by => %(by)s, query_vector => %(vector)s::vector) as c order by 1
"""


def main() -> None:
    """Parse the options, make the pictures, print a row for each query and number of checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--traffic", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="of --traffic")
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--checks", type=int, nargs="+", default=[30, 60, 120])
    options = parser.parse_args()
    print("pictures | query | checks | truth | mean count | held of 100 | of days | width")
    _demo(options)
    if options.traffic:
        _traffic(options)


def _demo(options: argparse.Namespace) -> None:
    world = demo(weeks=1)
    frames = sorted(week_of_frames(600), key=lambda frame: frame.taken_at)
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    texts = [f"a {colour} {kind}" for colour, kind in VEHICLES]
    rights = [
        [any((one.colour, one.kind) == wanted for one in frame.scene.vehicles) for frame in frames]
        for wanted in VEHICLES
    ]
    days = [moment.date().isoformat() for moment in world.taken_at]
    _study("demo", world.vectors, days, texts, encoder.encode_texts(texts), rights, options)


def _traffic(options: argparse.Namespace) -> None:
    with (options.traffic / "frames.csv").open(newline="") as file:
        frames = [options.traffic / row["file"] for row in csv.DictReader(file)]
    with (options.traffic / "notes.csv").open(newline="") as file:
        away = {row["file"] for row in csv.DictReader(file) if row["placeholder"] == "1"}
    encoder = load_encoder(str(options.model))
    vectors = embed(encoder, (Image.open(file).convert("RGB") for file in frames))
    right = [file.relative_to(options.traffic).as_posix() in away for file in frames]
    days = ["2017-03-09" for _ in frames]
    texts = ["a sign with writing on a grey wall"]
    _study("traffic", vectors, days, texts, encoder.encode_texts(texts), [right], options)


def _study(
    name: str,
    vectors: NDArray[np.float32],
    days: Sequence[str],
    texts: Sequence[str],
    queries: NDArray[np.float32],
    rights: Sequence[Sequence[bool]],
    options: argparse.Namespace,
) -> None:
    with temporary_database() as (engine, _):
        searcher = Searcher(engine)
        searcher.add_model("space", dimensions=vectors.shape[1])
        urls = [str(number) for number in range(len(vectors))]
        searcher.put_many(
            "c",
            {
                "url": urls,
                "embedding": vectors,
                "taken_at": [dt.datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in days],
            },
        )
        with engine.connect() as connection:
            ids = dict(connection.exec_driver_sql("select url, image_id from clipsql.image").all())
            connection.exec_driver_sql("set timezone = 'UTC'")
            for text, query, right in zip(texts, queries, rights, strict=True):
                matching = [ids[url] for url, is_right in zip(urls, right, strict=True) if is_right]
                truth = {
                    day: sum(one for one, of in zip(right, days, strict=True) if of == day)
                    for day in sorted(set(days))
                }
                for checks in options.checks:
                    row = [
                        _resample(connection, f"{text} {number} {checks}", query, matching, truth, checks)
                        for number in range(options.resamples)
                    ]
                    held, of_days, counts, widths = (np.mean(column) for column in zip(*row, strict=True))
                    print(
                        f"{name} | {text} | {checks} | {len(matching)} | {counts:.1f} | {100 * held:.1f} |"
                        f" {100 * of_days:.1f} | {widths:.1f}"
                    )


def _resample(
    connection: Connection,
    query: str,
    vector: NDArray[np.float32],
    matching: Sequence[int],
    truth: dict[str, int],
    checks: int,
) -> tuple[bool, float, float, float]:
    """Whether the interval held in all, the share of days of which it did, the count and the width."""
    asked = {"query": query, "vector": str(vector.tolist()), "right": matching, "checks": checks}
    connection.exec_driver_sql(_JUDGE, asked)
    ((_, count, low, high),) = connection.exec_driver_sql(_COUNT, {**asked, "by": "all"}).all()
    days = connection.exec_driver_sql(_COUNT, {**asked, "by": "day"}).all()
    of_days = [below <= truth[f"{day:%Y-%m-%d}"] <= above for day, _, below, above in days]
    return low <= len(matching) <= high, float(np.mean(of_days)), count, high - low


if __name__ == "__main__":
    main()
