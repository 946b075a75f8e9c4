"""Counts of matches with the interval that verdicts allow: unbiased, and as often right as it says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import Result
from integration.filling import NEW_YEAR, new_model, picture, unit_vectors, write
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow
from clipsql.errors import InvalidArgument, UnknownImage
from clipsql.models import register_model
from clipsql.search.searcher import Searcher

Connection = psycopg.Connection[tuple[Any, ...]]
PICTURES, DAYS, RESAMPLES = 400, 4, 200
ASKED = "query_vector => '[1,0]'"


@pytest.fixture
def model(engine: Engine) -> ModelRow:
    return new_model(engine, dimensions=2)


@pytest.fixture
def truth(engine: Engine, model: ModelRow) -> dict[int, bool]:
    """Pictures of four days, of which those that match tend to be similar to [1, 0]; image_id 1 is the first."""
    random = np.random.default_rng(5)
    similarities = np.clip(random.normal(0.2, 0.06, PICTURES), -1, 1)
    is_match = random.random(PICTURES) < 1 / (1 + np.exp(-(similarities - 0.28) * 60))
    write(
        engine,
        model,
        [
            picture(
                f"{number}",
                [value, np.sqrt(1 - value**2)],
                taken_at=NEW_YEAR + dt.timedelta(days=number % DAYS, minutes=number),
            )
            for number, value in enumerate(similarities)
        ],
        collection="c",
    )
    return {number + 1: bool(value) for number, value in enumerate(is_match)}


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values or None).fetchall()


def count(connection: Connection, query: str, arguments: str = "by => 'all'") -> list[tuple[Any, ...]]:
    return rows(connection, f"select * from clipsql.count_matches(%s, {ASKED}, {arguments})", query)


def check(
    connection: Connection, query: str, truth: dict[int, bool], number: int, filters: str = ""
) -> list[int]:
    """Look at so many pictures in the order, and say what is true of them."""
    further = f", {filters}" if filters else ""
    found = rows(
        connection, f"select image_id from clipsql.next_to_check(%s, {number}, {ASKED}{further})", query
    )
    for (image,) in found:
        judge(connection, query, image, truth[image])
    return [image for (image,) in found]


def judge(connection: Connection, query: str, image: int, is_right: bool | None) -> None:
    connection.execute("select clipsql.judge_match(%s, %s, %s)", (query, image, is_right))


def test_the_truth_lies_within_the_interval_as_often_as_it_says_and_the_count_has_no_bias(
    connection: Connection, truth: dict[int, bool]
) -> None:
    total, held, days_held, counts = sum(truth.values()), 0, 0, []
    by_day = [
        sum(is_match for image, is_match in truth.items() if (image - 1) % DAYS == day) for day in range(DAYS)
    ]
    for number in range(RESAMPLES):
        query = f"a red truck {number}"  # each query has an order of its own
        check(connection, query, truth, 50)
        ((_, matches, low, high, checked, _, pictures),) = count(connection, query)
        days = count(connection, query, "by => 'day'")
        assert (checked, pictures) == (50, PICTURES)
        assert sum(day[1] for day in days) == pytest.approx(matches)
        counts.append(matches)
        held += low <= total <= high
        days_held += sum(day[2] <= true <= day[3] for day, true in zip(days, by_day, strict=True))
    assert 0.92 * RESAMPLES <= held <= 0.985 * RESAMPLES
    assert days_held >= 0.92 * RESAMPLES * DAYS
    assert np.mean(counts) == pytest.approx(total, abs=3 * np.std(counts) / RESAMPLES**0.5)
    assert np.std(counts) < 0.5 * total


def test_without_verdicts_only_what_is_above_a_similarity_is_told(
    connection: Connection, truth: dict[int, bool]
) -> None:
    check(connection, "a truck", truth, 9)
    ((bucket, matches, low, high, checked, above, pictures),) = count(
        connection, "a truck", "by => 'all', min_similarity => 0.25"
    )
    assert (bucket, matches, low, high, checked, pictures) == (None, None, None, None, 9, PICTURES)
    ((real,),) = rows(
        connection,
        "select count(*) from clipsql.image_embedding as e where 1 - (e.embedding <=> '[1,0]'::halfvec) >= 0.25",
    )
    assert 0 < above == real < PICTURES
    assert count(connection, "a truck")[0][5] is None
    check(connection, "a truck", truth, 1)
    assert count(connection, "a truck")[0][1] is not None


def test_pictures_that_are_similar_are_likelier_to_be_checked(
    connection: Connection, truth: dict[int, bool]
) -> None:
    first = [image for number in range(20) for image in check(connection, f"truck {number}", truth, 20)]
    ranks = {
        image: rank
        for rank, (image,) in enumerate(
            rows(
                connection,
                "select image_id from clipsql.image_embedding order by embedding <=> '[1,0]'::halfvec, image_id",
            )
        )
    }
    similar = np.mean([ranks[image] < PICTURES / 4 for image in first])
    assert 0.4 < similar < 0.65  # half of what one over the root of the rank gives lies there
    assert max(ranks[image] for image in first) > 0.9 * PICTURES


def test_what_was_all_checked_is_known(connection: Connection, truth: dict[int, bool]) -> None:
    few = "only_images => '{1,2,3,4,5,6,7,8,9}'"
    wanted = sum(truth[image] for image in range(1, 10))
    judge(connection, "a truck", 1, True)
    wanted += not truth[1]
    for image in range(2, 10):
        judge(connection, "a truck", image, truth[image])
    assert count(connection, "a truck", f"by => 'all', {few}") == [(None, wanted, wanted, wanted, 9, None, 9)]
    assert check(connection, "a truck", truth, 9, few) == []


def test_a_verdict_out_of_order_stands_for_no_other_picture(
    connection: Connection, truth: dict[int, bool]
) -> None:
    check(connection, "a truck", truth, 20)
    ((_, matches, low, high, checked, _, _),) = count(connection, "a truck")
    order = [
        image
        for (image,) in rows(
            connection, f"select image_id from clipsql.next_to_check('a truck', 400, {ASKED})"
        )
    ]
    for image in order[-150:]:
        judge(connection, "a truck", image, True)
    ((_, after, least, most, still, _, _),) = count(connection, "a truck")
    assert (after, still) == (matches, checked)
    assert 150 <= least <= most
    for image in order[-150:]:
        judge(connection, "a truck", image, False)
    assert count(connection, "a truck")[0][3] <= PICTURES - 150
    for image in order[-150:]:
        judge(connection, "a truck", image, None)
    assert count(connection, "a truck")[0][1:4] == (matches, low, high)


def test_a_picture_that_was_passed_over_comes_first_again(
    connection: Connection, truth: dict[int, bool]
) -> None:
    passed, *others = (
        image
        for (image,) in rows(
            connection, f"select image_id from clipsql.next_to_check('a truck', 12, {ASKED})"
        )
    )
    for image in others:
        judge(connection, "a truck", image, truth[image])
    assert count(connection, "a truck")[0][4] == 0
    ((first,),) = rows(connection, f"select image_id from clipsql.next_to_check('a truck', 1, {ASKED})")
    assert first == passed
    judge(connection, "a truck", passed, truth[passed])
    assert count(connection, "a truck")[0][4] == 12


def test_checks_under_a_filter_and_of_new_pictures_count_among_the_others(
    connection: Connection, truth: dict[int, bool], engine: Engine, model: ModelRow
) -> None:
    first_day = "taken_until => '2025-01-02Z'"
    check(connection, "a truck", truth, 30)
    before = count(connection, "a truck", f"by => 'all', {first_day}")
    assert before[0][4] > 0
    check(connection, "a truck", truth, 15, first_day)
    after = count(connection, "a truck", f"by => 'all', {first_day}")
    assert after[0][4] >= before[0][4] + 15
    assert count(connection, "a truck")[0][4] >= 30
    write(
        engine,
        model,
        [picture(f"new {number}", [1, 0.001 * number], taken_at=NEW_YEAR) for number in range(200)],
        collection="c",
    )
    new = dict.fromkeys(range(PICTURES + 1, PICTURES + 201), False)
    assert count(connection, "a truck")[0][4] < 30  # the new ones have their places in the order
    for _ in range(30):
        assert check(connection, "a truck", truth | new, 1)
    assert count(connection, "a truck")[0][4] >= 30


def test_of_a_time_of_which_nothing_was_checked_nothing_is_known(
    connection: Connection, truth: dict[int, bool]
) -> None:
    rows(connection, "update clipsql.image set taken_at = null where image_id <= 5 returning 1")
    while len(check(connection, "a truck", truth, 1)) and count(connection, "a truck")[0][4] < 10:
        pass
    *_, unknown = count(connection, "a truck", "by => 'day'")
    assert unknown[:5] == (None, 0, 0, 5, 0)
    order = [
        image
        for (image,) in rows(
            connection, f"select image_id from clipsql.next_to_check('a truck', 400, {ASKED})"
        )
    ]
    first = next(image for image in order if image <= 5)
    judge(connection, "a truck", first, True)
    *_, unknown = count(connection, "a truck", "by => 'day'")
    assert (unknown[:5] if order.index(first) else None) == (None, 0, 1, 5, 0)
    judge(connection, "a truck", first, False)
    *_, unknown = count(connection, "a truck", "by => 'day'")
    assert unknown[:5] == (None, 0, 0, 4, 0)


@pytest.mark.usefixtures("truth")
def test_times_are_those_of_the_session(connection: Connection) -> None:
    connection.execute("set timezone = 'Asia/Shanghai'")
    rows(connection, "update clipsql.image set taken_at = null where image_id = 1 returning 1")
    found = count(connection, "a truck", "by => 'day'")
    assert [row[0] and row[0].hour for row in found] == [0] * (len(found) - 1) + [None]
    assert found[0][0].utcoffset() == dt.timedelta(hours=8)
    assert found[-1][6] == 1


@pytest.mark.usefixtures("truth")
def test_what_cannot_be_is_said(connection: Connection) -> None:
    for call, said in (
        (
            "count_matches('a truck', by => 'fortnight')",
            "by must be hour, day, week, month, year or all, not fort",
        ),
        ("count_matches('a truck', by => null)", "not null"),
        ("count_matches(' ')", "The text is empty"),
        ("count_matches(null)", "The text is empty"),
        ("count_matches('a', min_similarity => 2)", "min_similarity"),
        ("next_to_check('a', 0)", "max_results"),
        ("judge_match('a', 99999, true)", "There is no image 99999"),
        ("judge_match('a', null, true)", "There is no image null"),
        ("judge_match('', 1, true)", "The text is empty"),
    ):
        with pytest.raises(psycopg.Error, match=said):
            rows(connection, f"select * from clipsql.{call}")


def test_a_searcher_counts_picks_and_judges(engine: Engine, truth: dict[int, bool]) -> None:
    pictures = Searcher(engine, timezone="UTC")
    vector = [1.0, 0.0]
    for one in pictures.next_to_check("a truck", max_results=30, query_vector=vector):
        assert one.url == str(one.image_id - 1)
        pictures.judge_match("a truck", one.image_id, truth[one.image_id])
    days = pictures.count_matches("a truck", query_vector=vector, min_similarity=0.25)
    assert [day.bucket for day in days] == [NEW_YEAR + dt.timedelta(days=day) for day in range(DAYS)]
    assert sum(day.checked for day in days) == 30
    for day in days:
        assert (day.low or 0) <= (day.high or 0)
        assert (day.above or 0) < day.pictures
    (whole,) = pictures.count_matches("a truck", by="all", query_vector=vector)
    assert (whole.bucket, whole.above, whole.matches is None) == (None, None, False)
    with pytest.raises(InvalidArgument, match="by must be"):
        pictures.count_matches("a truck", by="fortnight", query_vector=vector)
    with pytest.raises(UnknownImage):
        pictures.judge_match("a truck", 99999, True)
    with pytest.raises(TypeError, match="there is no option gate"):
        pictures.count_matches("a truck", gate="north")  # type: ignore[call-arg]


def test_the_command_line_picks_is_told_and_counts(
    engine: Engine, model_folder: Path, clipsql: Callable[..., Result]
) -> None:
    model, _ = register_model(engine, str(model_folder), name="tiny")
    write(
        engine,
        model,
        [
            picture(str(number), vector, taken_at=NEW_YEAR + dt.timedelta(days=number % 2))
            for number, vector in enumerate(unit_vectors(np.random.default_rng(3), 60, model.dimensions))
        ],
        collection="c",
    )
    before = clipsql("count", "matches", "a red truck", "--min-similarity", "0")
    assert before.exit_code == 0, before.output
    assert "Too few pictures were checked" in before.stderr
    picked = clipsql("count", "next", "a red truck", "--max-results", "20", "--json").stdout.splitlines()
    assert [json.loads(line)["rank"] for line in picked] == list(range(1, 21))
    assert clipsql("count", "next", "a red truck", "--max-results", "2").stdout.count("2025-01-0") == 2
    for line in picked:
        assert clipsql("count", "judge", "a red truck", json.loads(line)["image_id"], "right").exit_code == 0
    (whole,) = clipsql("count", "matches", "a red truck", "--by", "all", "--json").stdout.splitlines()
    told = json.loads(whole)
    assert (told["checked"], told["pictures"], told["bucket"]) == (20, 60, None)
    assert told["low"] <= told["matches"] <= told["high"]
    days = clipsql("count", "matches", "a red truck", "--in-collection", "c")
    assert ("2025-01-01" in days.stdout, "2025-01-02" in days.stdout, days.stderr) == (True, True, "")
    assert clipsql("count", "judge", "a red truck", json.loads(picked[0])["image_id"], "none").exit_code == 0
    (whole,) = clipsql("count", "matches", "a red truck", "--by", "all", "--json").stdout.splitlines()
    assert json.loads(whole)["checked"] == 0
    few = ("--max-results", "60", "--json")
    for line in clipsql("count", "next", "a red truck", *few).stdout.splitlines():
        assert clipsql("count", "judge", "a red truck", json.loads(line)["image_id"], "wrong").exit_code == 0
    assert "were checked" in clipsql("count", "next", "a red truck").stderr
    assert "There is no collection" in clipsql("count", "next", "a", "--in-collection", "none").stderr
