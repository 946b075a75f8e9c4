"""Does `alarms_per_day => 5` hold on days not seen? How often a day lies within the interval that the watch told.

    python benchmarks/watch_rates.py --traffic ../shared/data/traffic --model ../shared/data/models/photo-dual

Many watches are made when the first days are stored, then the others come. "demo" is the world of `clipsql demo`,
whose weather and traffic differ from day to day, over so many weeks, watched for with texts by the model in the box.
"traffic" are the frames of one real day, of which every twelfth makes a day of its own (each sees all hours, so that
days differ less than by chance), watched for with texts and with pictures of the first days. A row is of all watches
and all days to come: the share of these within the interval, which is stated to be 95 in 100, the mean alarms a day,
and the mean width of the interval. "live" says whether the alarms that were raised are those of the back-test.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from servers import temporary_database

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.cameras import week_of_frames
from clipsql.demo.scenes import draw_scene
from clipsql.encoding import Encoder, load_encoder
from clipsql.errors import InvalidArgument
from clipsql.processes import helpers
from clipsql.search.searcher import Searcher

COLOURS, VEHICLES = ("red", "yellow", "blue", "white", "black"), ("car", "van", "truck", "bus")
TIMES = ("at night", "in the rain", "in the snow", "on a bridge")
TEXTS = (
    *(f"a {colour} {kind}" for colour in COLOURS for kind in VEHICLES),
    *(f"a {kind} {rest}" for kind in ("car", "truck", "bicycle") for rest in TIMES),
    *(
        "a motorcycle",
        "rain",
        "fog",
        "snow",
        "a tunnel",
        "a highway at dusk",
        "an empty road",
        "people in the street",
    ),
)


@dataclass(frozen=True)
class World:
    """Pictures in order of time with their unit vectors, and what is watched for, as unit vectors."""

    taken_at: Sequence[dt.datetime]
    vectors: NDArray[np.float32]
    watched_for: NDArray[np.float32]

    @property
    def days(self) -> list[dt.date]:
        return sorted({moment.date() for moment in self.taken_at})


@dataclass(frozen=True)
class Held:
    """What became of all watches on all days that they had not seen."""

    watches: int
    days: int
    share_within: float
    mean_alarms: float
    mean_width: float
    is_as_backtest: bool


def main() -> None:
    """Parse the options, make the worlds, print a row for each history."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--traffic", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="of --traffic")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth frame of --traffic")
    parser.add_argument(
        "--weeks", type=int, default=8, help="of the demo's world (default 8; 0 leaves it out)"
    )
    parser.add_argument("--frames", type=int, default=600, help="in a week (default 600)")
    parser.add_argument(
        "--history", type=int, nargs="+", default=[3, 5, 7, 14, 28], help="days before the watches"
    )
    parser.add_argument("--alarms-per-day", type=float, nargs="+", default=[5.0])
    options = parser.parse_args()
    worlds = {}
    if options.weeks:
        worlds[f"demo, {options.weeks} weeks"] = demo(weeks=options.weeks, frames_a_week=options.frames)
    if options.traffic:
        worlds["traffic"] = traffic(options.traffic, load_encoder(str(options.model)), every=options.every)
    print("world | days before | a day | watches | days to come | within | alarms | width | live")
    for name, world in worlds.items():
        for history in options.history:
            for rate in options.alarms_per_day:
                if history < len(world.days):
                    held = hold(world, history=history, alarms_per_day=rate)
                    print(
                        f"{name} | {history} | {rate:g} | {held.watches} | {held.days} |"
                        f" {100 * held.share_within:.1f} % | {held.mean_alarms:.2f} | {held.mean_width:.1f} |"
                        f" {'as back-test' if held.is_as_backtest else 'DIFFERS'}"
                    )


def hold(world: World, *, history: int, alarms_per_day: float) -> Held:
    """Make the watches when so many days are stored, write the others, and see."""
    days = world.days
    born = next(number for number, moment in enumerate(world.taken_at) if moment.date() == days[history])
    with temporary_database() as (engine, _):
        searcher = Searcher(engine, timezone="UTC")
        searcher.add_model("space", dimensions=world.vectors.shape[1])
        _put(searcher, world, range(born))
        watches = 0
        for number, vector in enumerate(world.watched_for):
            try:
                searcher.watch(str(number), query_vector=vector, alarms_per_day=alarms_per_day)
                watches += 1
            except InvalidArgument:
                pass  # the history is too short for it, as it says
        _put(searcher, world, range(born, len(world.taken_at)))
        with engine.connect() as connection:
            counted = connection.exec_driver_sql(
                """
                select w.name, d.day::date, w.alarms_low, w.alarms_high, (
                    select count(*) from clipsql.alert as a join clipsql.image as i using (image_id)
                    where a.watch_id = w.watch_id and (i.taken_at at time zone 'UTC')::date = d.day::date)
                from clipsql.watch_list as w cross join unnest(%s::date[]) as d(day) order by 1, 2
                """,
                (days[history:],),
            ).all()
            tested = connection.exec_driver_sql(
                """
                select w.name, b.day, b.alarms from clipsql.watch_list as w
                cross join lateral clipsql.backtest(w.name, %s) as b order by 1, 2
                """,
                (dt.datetime.combine(days[history], dt.time(), dt.UTC),),
            ).all()
    within = [low <= alarms <= high for _, _, low, high, alarms in counted]
    return Held(
        watches=watches,
        days=len(days) - history,
        share_within=float(np.mean(within)),
        mean_alarms=float(np.mean([alarms for *_, alarms in counted])),
        mean_width=float(np.mean([high - low for _, _, low, high, _ in counted])),
        is_as_backtest=[(name, day, alarms) for name, day, _, _, alarms in counted]
        == [tuple(row) for row in tested],
    )


def _put(searcher: Searcher, world: World, numbers: range) -> None:
    columns = {
        "url": [str(number) for number in numbers],
        "taken_at": [world.taken_at[number] for number in numbers],
        "embedding": world.vectors[numbers.start : numbers.stop],
    }
    searcher.put_many("c", columns)


def demo(*, weeks: int, frames_a_week: int = 600) -> World:
    """Weeks of the demo's world, each with a weather and a traffic of its own, drawn and embedded."""
    frames = [
        (frame.taken_at + dt.timedelta(weeks=week), frame.scene)
        for week in range(weeks)
        for frame in week_of_frames(frames_a_week, seed=week)
    ]
    # A day of the city's: eight hours before that of UTC.
    frames = sorted(
        ((taken_at + dt.timedelta(hours=8), scene) for taken_at, scene in frames), key=lambda one: one[0]
    )
    encoder = load_encoder(str(MODEL_FOLDER), dtype="float32")
    with helpers(2) as pool:
        pictures = pool.map(draw_scene, [scene for _, scene in frames], chunksize=50)
        vectors = embed(encoder, pictures)
    return World([taken_at for taken_at, _ in frames], vectors, encoder.encode_texts(TEXTS))


def traffic(folder: Path, encoder: Encoder, *, every: int, parts: int = 12) -> World:
    """One day of three cameras as so many days: of each camera the first frame is of the first day, and so on."""
    with (folder / "frames.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["camera"], row["taken_at"]))
    frames = sorted(
        (dt.datetime.fromisoformat(row["taken_at"]) + dt.timedelta(days=number % parts), folder / row["file"])
        for _, group in itertools.groupby(rows, key=lambda row: row["camera"])
        for number, row in enumerate(list(group)[::every])
    )
    vectors = embed(encoder, (Image.open(file).convert("RGB") for _, file in frames))
    return World(
        [taken_at for taken_at, _ in frames],
        vectors,
        np.concatenate([encoder.encode_texts(TEXTS), vectors[:120:3]]),
    )


def embed(encoder: Encoder, pictures: Iterable[Image.Image]) -> NDArray[np.float32]:
    """Unit vectors of pictures, in their order."""
    batches = iter(pictures)
    return np.concatenate(
        [encoder.encode_images(batch) for batch in iter(lambda: list(itertools.islice(batches, 64)), [])]
    )


if __name__ == "__main__":
    main()
