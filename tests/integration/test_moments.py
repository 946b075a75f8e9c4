"""Moments of videos: frames that are found close together are one, in SQL, Python, by command and on a page."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import CliRunner, Result
from integration.filling import new_model, picture, write
from sqlalchemy.engine import URL, Engine

from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow
from clipsql.db.text_towers import remember_texts
from clipsql.errors import InvalidArgument
from clipsql.search.searcher import Searcher

A, B = "file:///films/a.mp4", "file:///films/b%20c.webm"
FRAMES = [  # video, from, until, similarity with "a truck"
    (A, 0, 1, 0.1),
    (A, 1, 2, 0.82),
    (A, 2, 4.5, 0.9),
    (A, 6.5, 7, 0.7),
    (A, 12.04, 13.123456, 0.6),
    (B, 0, 2, 0.85),
    (B, 10, 11, 0.2),
]


@dataclass(frozen=True)
class Films:
    engine: Engine
    model: ModelRow
    ids: list[int]

    def moments(self, arguments: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            self.engine.url.set(drivername="postgresql").render_as_string(False)
        ) as connection:
            found = connection.execute(f"select * from clipsql.search_moments({arguments})".encode())
            return [tuple(round(v, 3) if isinstance(v, float) else v for v in row) for row in found]

    def run(self, *arguments: object) -> Result:
        url = self.engine.url.render_as_string(hide_password=False)
        return CliRunner().invoke(main, list(map(str, arguments)), env={"CLIPSQL_DATABASE_URL": url})


@pytest.fixture(scope="module")
def films(new_database: Callable[..., URL], template: str) -> Iterator[Films]:
    engine = create_engine(new_database(template=template).render_as_string(hide_password=False))
    model = new_model(engine, dimensions=3)
    remember_texts(engine, model, {"a truck": np.array([1, 0, 0], np.float32)})
    vectors = [np.array([one[3], np.sqrt(1 - one[3] ** 2), 0]) for one in FRAMES]
    urls = [f"{video}#t={begins}" for video, begins, _, _ in FRAMES]
    times = [dt.datetime(2026, 3, 16, 8, 0, int(one[1]), tzinfo=dt.UTC) for one in FRAMES]
    pictures = [
        picture(url, vector, taken_at=time) for url, vector, time in zip(urls, vectors, times, strict=True)
    ]
    # Stills are nearest of all, and so many that frames are found only by looking deeper.
    stills = [picture(f"still {n}", [1.0, 0.001 * n, 0]) for n in range(150)]
    ids = write(engine, model, [*pictures, *stills], collection="gate")
    rows = [
        (ids[url], video, bytes(32), "every 1 s", begins, ends, False)
        for url, (video, begins, ends, _) in zip(urls, FRAMES, strict=True)
    ]
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(False)) as connection:
        connection.cursor().executemany(
            "insert into clipsql.video_frame values (%s, %s, %s, %s, %s, %s, %s)", rows
        )
    yield Films(engine, model, [ids[url] for url in urls])
    engine.dispose()


def test_neighbours_in_a_video_are_one_moment_and_the_best_comes_first(films: Films) -> None:
    of = films.ids
    found = films.moments("'a truck', max_gap => '2 seconds', min_similarity => 0.5")
    assert found == [
        (1, f"{A}#t=1,7", 1, 7, of[2], 0.9),
        (2, f"{B}#t=0,2", 0, 2, of[5], 0.85),
        (3, f"{A}#t=12.04,13.123456", 12.04, 13.123, of[4], 0.6),
    ]
    assert films.moments("'a truck', max_gap => '1.99 seconds', min_similarity => 0.5") == [
        (1, f"{A}#t=1,4.5", 1, 4.5, of[2], 0.9),
        (2, f"{B}#t=0,2", 0, 2, of[5], 0.85),
        (3, f"{A}#t=6.5,7", 6.5, 7, of[3], 0.7),
        (4, f"{A}#t=12.04,13.123456", 12.04, 13.123, of[4], 0.6),
    ]
    assert [one[1] for one in films.moments("'a truck', max_gap => '1 hour', min_similarity => -1")] == [
        f"{A}#t=0,13.123456",
        f"{B}#t=0,11",
    ]
    assert len(films.moments("'a truck', max_gap => '0', min_similarity => 0.5")) == 4


def test_frames_behind_many_stills_are_found(films: Films) -> None:
    assert [one[4] for one in films.moments("'a truck', 2")] == [films.ids[2], films.ids[5]]
    assert [one[4] for one in films.moments("'a truck', 1")] == [films.ids[2]]


def test_frames_count_that_are_nearer_to_the_best_than_to_what_is_usual(films: Films) -> None:
    # In the middle of seven frames lies 0.7, so they count from 0.8 on; of the best five 0.82, so from 0.86 on.
    assert [(one[2], one[3]) for one in films.moments("'a truck'")] == [(1, 4.5), (0, 2)]
    worst = f"'{{{films.ids[0]},{films.ids[6]}}}'"
    assert [(one[2], one[3]) for one in films.moments(f"'a truck', except_images => {worst}")] == [(2, 4.5)]
    with psycopg.connect(films.engine.url.set(drivername="postgresql").render_as_string(False)) as connection:
        # Where there is more than is looked at, the last of it is usual.
        connection.execute(
            "insert into clipsql.video_frame select image_id, 'file:///films/c.mp4', sha256(''), 'scenes', image_id,"
            " image_id + 1, false from clipsql.image where url like 'still%'"
        )
        ((begins, ends),) = connection.execute(
            "select from_s, until_s from clipsql.search_moments('a truck', 1, '0')"
        ).fetchall()
        assert begins == max(films.ids) + 1
        assert ends - begins == pytest.approx(36, abs=5)  # of fifty, their distances being squares
        connection.rollback()


def test_filters_are_those_of_other_searches(films: Films) -> None:
    before = "taken_until => '2026-03-16 08:00:02+00'"
    assert [one[1] for one in films.moments(f"'a truck', {before}, min_similarity => 0.5")] == [
        f"{B}#t=0,2",
        f"{A}#t=1,2",
    ]
    assert films.moments("'a truck', only_images => '{999}'") == []


@pytest.mark.parametrize("gap", ["'-1 second'", "null"])
def test_a_gap_that_is_none_is_refused(films: Films, gap: str) -> None:
    with pytest.raises(psycopg.Error, match="max_gap is a length of time of 0 or more") as caught:
        films.moments(f"'a truck', max_gap => {gap}")
    assert caught.value.sqlstate == "CQ004"
    with pytest.raises(InvalidArgument, match="max_gap"):
        Searcher(films.engine).search_moments("a truck", max_gap=dt.timedelta(seconds=-1))


def test_numbers_are_written_alike_under_any_settings(films: Films) -> None:
    with psycopg.connect(films.engine.url.set(drivername="postgresql").render_as_string(False)) as connection:
        for name, value in (
            ("extra_float_digits", "-15"),
            ("intervalstyle", "iso_8601"),
            ("lc_numeric", "C"),
        ):
            connection.execute("select set_config(%s, %s, false)", (name, value))
        urls = connection.execute("select url from clipsql.search_moments('a truck', min_similarity => 0.5)")
        assert (f"{A}#t=12.04,13.123456",) in urls.fetchall()


def test_python_and_the_command_find_what_sql_finds(films: Films) -> None:
    wanted = films.moments("'a truck', max_gap => '2 seconds', min_similarity => 0.5")
    found = Searcher(films.engine).search_moments(
        "a truck", max_gap=dt.timedelta(seconds=2), min_similarity=0.5
    )
    assert [
        (one.rank, one.url, one.from_s, round(one.until_s, 3), one.best_image_id, round(one.similarity, 3))
        for one in found
    ] == wanted
    command = ("search", "moments", "a truck", "--max-gap", "2s", "--min-similarity", "0.5")
    lines = [json.loads(line) for line in films.run(*command, "--json").stdout.splitlines()]
    assert lines == [vars(one) for one in found]
    table = films.run(*command).stdout
    assert f"{A}#t=1,7" in table
    assert "0:00:12.0" in table
    assert "0:00:13.1" in table
    assert "No moment of a video matches." in films.run(*command, "--min-similarity", "0.99").stderr


def test_a_page_plays_moments_from_their_seconds(films: Films, tmp_path: Path) -> None:
    page = tmp_path / "moments.html"
    done = films.run("search", "moments", "a truck", "--min-similarity", "0.5", "--html", page)
    assert done.exit_code == 0, done.output
    told = page.read_text("utf-8")
    assert told.count("<video ") == 3
    assert f'src="{A}#t=1,7"' in told
    assert "moments of videos, best first" in told
    films.run("search", "text", "a truck", "--max-results", "200", "--html", page)
    assert page.read_text("utf-8").count("<video ") == len(FRAMES)


def test_frames_of_a_model_that_the_database_cannot_ask_are_found_by_a_vector(films: Films) -> None:
    vector = "array_fill(0, array[2])::float8[]"
    query = f"(array[1::float8] || {vector})::vector"
    with_vector = films.moments(
        f"'no text that is remembered', query_vector => {query}, min_similarity => 0.5"
    )
    assert with_vector == films.moments("'a truck', min_similarity => 0.5")
