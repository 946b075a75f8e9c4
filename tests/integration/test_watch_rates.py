"""Thresholds that are found in the past: rates with intervals that hold, percentiles, back-tests, verdicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import NEW_YEAR, new_model, picture, unit_vectors, write
from sqlalchemy.engine import Engine

from clipsql.db.models import ModelRow, add_space, remove_model

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def model(engine: Engine) -> ModelRow:
    return new_model(engine, dimensions=2)


def rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values or None).fetchall()


def put_days(
    engine: Engine,
    model: ModelRow,
    similarities: Sequence[Sequence[float]],
    *,
    first: int = 0,
    collection: str = "c",
) -> None:
    """A picture for each similarity to [1, 0], of each day its own, from hour to hour."""
    write(
        engine,
        model,
        [
            picture(
                f"{first + day} {number}",
                [value, np.sqrt(1 - value**2)],
                taken_at=NEW_YEAR + dt.timedelta(days=first + day, minutes=5 * number),
            )
            for day, values in enumerate(similarities)
            for number, value in enumerate(values)
        ],
        collection=collection,
    )


def watch(connection: Connection, arguments: str, name: str = "w") -> tuple[Any, ...]:
    rows(connection, f"select clipsql.watch(%s, query_vector => '[1,0]', {arguments})", name)
    (found,) = rows(
        connection,
        "select min_similarity, alarms_low, alarms_high from clipsql.watch_list where name = %s",
        name,
    )
    return found


def test_a_rate_is_found_in_the_past_exactly(connection: Connection, engine: Engine, model: ModelRow) -> None:
    random = np.random.default_rng(1)
    put_days(engine, model, random.uniform(-0.9, 0.9, (10, 100)))
    threshold, low, high = watch(connection, "alarms_per_day => 2.57")
    days = rows(
        connection, "select alarms, alarms_low, alarms_high, best_image_id from clipsql.backtest('w')"
    )
    assert sum(alarms for alarms, *_ in days) == 25
    assert {(least, most) for _, least, most, _ in days} == {(low, high)}
    assert low <= 2 < 3 <= high < 12
    similar = rows(
        connection,
        "select image_id, similarity from clipsql.search('[1,0]', 1000, min_similarity => %s)",
        threshold,
    )
    assert len(similar) == 25
    assert min(similarity for _, similarity in similar) == threshold
    for (day,), (_, _, _, best) in zip(
        rows(connection, "select day from clipsql.backtest('w')"), days, strict=True
    ):
        of_day = rows(
            connection,
            "select image_id from clipsql.search("
            "'[1,0]', 1, min_similarity => %s, taken_from => %s, taken_until => %s)",
            threshold,
            day,
            day + dt.timedelta(days=1),
        )
        assert of_day == ([(best,)] if best else [])


def test_a_back_test_is_of_a_time_and_counts_days_without_alarm(
    connection: Connection, engine: Engine, model: ModelRow
) -> None:
    put_days(engine, model, [[0.9, 0.1], [0.1], [], [0.8, 0.7]])
    watch(connection, "min_similarity => 0.5")
    ask = "select day::text, alarms from clipsql.backtest('w'"
    assert rows(connection, ask + ")") == [("2025-01-01", 1), ("2025-01-02", 0), ("2025-01-04", 2)]
    assert rows(connection, ask + ", '2025-01-02')") == [("2025-01-02", 0), ("2025-01-04", 2)]
    assert rows(connection, ask + ", '2025-01-01 00:05Z', '2025-01-04 00:05Z')") == [
        ("2025-01-01", 0), ("2025-01-02", 0), ("2025-01-04", 1),
    ]  # fmt: skip
    assert rows(connection, ask + ", '2026-01-01')") == []
    with pytest.raises(psycopg.Error, match="must lie before"):
        rows(connection, ask + ", '2026-01-01', '2025-01-01')")


def test_folded_alarms_count_once_in_a_rate(connection: Connection, engine: Engine, model: ModelRow) -> None:
    random = np.random.default_rng(2)
    put_days(engine, model, random.uniform(0, 0.9, (10, 100)))
    watch(connection, "alarms_per_day => 1, once_per => '1 day'")
    assert [alarms for (alarms,) in rows(connection, "select alarms from clipsql.backtest('w')")] == [1] * 10
    with pytest.raises(psycopg.Error, match=r"10 days could raise no more than 1 alarms a day"):
        watch(connection, "alarms_per_day => 1.1, once_per => '1 day'")
    watch(connection, "alarms_per_day => 9, once_per => '1 hour'")
    assert rows(connection, "select sum(alarms) from clipsql.backtest('w')") == [(90,)]


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        pytest.param(0.4, "4 days tell no rate below 1.25 alarms a day", id="too low"),
        pytest.param(1.24, "no rate below 1.25", id="just too low"),
        pytest.param(30.1, "no more than 30 alarms a day", id="too high"),
    ],
)
def test_a_rate_that_the_past_cannot_tell_is_refused(
    connection: Connection, engine: Engine, model: ModelRow, rate: float, message: str
) -> None:
    put_days(engine, model, np.linspace(-0.9, 0.9, 120).reshape(4, 30))
    with pytest.raises(psycopg.Error, match=message) as caught:
        watch(connection, f"alarms_per_day => {rate}")
    assert caught.value.sqlstate == "CQ004"
    for told in (1.25, 30):
        watch(connection, f"alarms_per_day => {told}")


def test_a_few_hours_tell_of_no_day(connection: Connection, engine: Engine, model: ModelRow) -> None:
    put_days(engine, model, [np.linspace(-0.9, 0.9, 60)])
    with pytest.raises(psycopg.Error, match=r"The 60 pictures that pass the filters are of 4.9 hours"):
        watch(connection, "alarms_per_day => 5")


def test_a_percentile_is_of_the_collection(connection: Connection, engine: Engine, model: ModelRow) -> None:
    put_days(engine, model, [np.linspace(-0.9, 0.5, 200)])
    put_days(engine, model, [np.linspace(0.6, 0.9, 200)], collection="d")
    threshold, low, high = watch(
        connection, "min_percentile => 99, in_collection => 'c', having_metadata => '{\"a\": 1}'"
    )
    assert (low, high) == (None, None)
    found = rows(
        connection,
        "select similarity from clipsql.search('[1,0]', 400, min_percentile => 99, in_collection => 'c')",
    )
    assert len(found) == 2
    assert min(found) == (threshold,)
    with pytest.raises(
        psycopg.Error, match=r"The 200 pictures of the collection tell no percentile above 99.5"
    ):
        watch(connection, "min_percentile => 99.6, in_collection => 'c'")
    watch(connection, "min_percentile => 99.6")


@pytest.mark.parametrize(
    ("days", "mean", "spread"),
    [
        pytest.param(7, 5, None, id="a week, by chance alone"),
        pytest.param(28, 5, None, id="four weeks, by chance alone"),
        pytest.param(14, 5, 1.0, id="two weeks of uneven days"),
        pytest.param(28, 20, 0.5, id="four weeks of uneven days, many alarms"),
        pytest.param(28, 0.5, None, id="rare alarms"),
    ],
)
def test_an_interval_of_alarms_holds_a_day_to_come_as_often_as_it_says(
    connection: Connection, days: int, mean: float, spread: float | None
) -> None:
    random = np.random.default_rng(days)

    def counts() -> list[int]:
        means = mean if spread is None else random.gamma(1 / spread**2, mean * spread**2, days + 1)
        return [int(count) for count in random.poisson(means, days + 1)]

    draws = [counts() for _ in range(1000)]
    held = 0
    for *past, to_come in draws:
        ((low, high),) = rows(connection, "select * from clipsql_private.daily_interval(%s::bigint[])", past)
        held += low <= to_come <= high
    assert held / 1000 >= 0.92
    assert held / 1000 <= (0.99 if mean > 1 else 1)  # few days widen it


@pytest.mark.parametrize(
    ("past", "interval"),
    [
        pytest.param([4], (0, 25.04), id="one day"),  # 4.17 is Student's t of two
        pytest.param([4] * 100, (0.824, 9.164), id="many days"),
        pytest.param([2, 8, 2, 8], (0, 17.820), id="uneven days"),
        pytest.param([0, 0], (0, 6.112), id="nothing yet, in two days"),
    ],
)
def test_an_interval_is_that_of_its_formula(
    connection: Connection, past: list[int], interval: tuple[float, float]
) -> None:
    (found,) = rows(connection, "select * from clipsql_private.daily_interval(%s::bigint[])", past)
    assert found == pytest.approx(interval, abs=0.01)


def test_rates_hold_on_days_that_were_not_seen(connection: Connection, engine: Engine) -> None:
    model = new_model(engine, dimensions=16, name="tests/wide")
    random = np.random.default_rng(5)
    history, unseen, watches = 21, 10, 60
    busy = random.gamma(4, 0.25, history + unseen)

    def day(number: int) -> list[Any]:
        count = int(80 + 60 * busy[number])
        return [
            picture(f"{number} {n}", vector, taken_at=NEW_YEAR + dt.timedelta(days=number, minutes=5 * n))
            for n, vector in enumerate(unit_vectors(random, count, 16))
        ]

    write(engine, model, [one for number in range(history) for one in day(number)])
    for number, vector in enumerate(unit_vectors(random, watches, 16)):
        rows(
            connection,
            "select clipsql.watch(%s, query_vector => %s::vector, alarms_per_day => 5, model => 'tests/wide')",
            str(number),
            str(vector.tolist()),
        )
    write(engine, model, [one for number in range(history, history + unseen) for one in day(number)])
    counted = rows(
        connection,
        """
        select w.alarms_low, w.alarms_high, (
            select count(*) from clipsql.alert as a join clipsql.image as i using (image_id)
            where a.watch_id = w.watch_id and i.taken_at::date = d.day::date)
        from clipsql.watch_list as w
        cross join generate_series(timestamp '2025-01-22', timestamp '2025-01-31', interval '1 day') as d(day)
        """,
    )
    assert len(counted) == watches * unseen
    assert 3 < np.mean([count for _, _, count in counted]) < 7
    assert np.mean([low <= count <= high for low, high, count in counted]) > 0.9
    assert np.mean([high - low for low, high, _ in counted]) < 14


def test_verdicts_tell_the_precision_and_propose_a_threshold(
    connection: Connection, engine: Engine, model: ModelRow
) -> None:
    ask = (
        "select alerts, judged, precision, precision_low, precision_high, proposed_min_similarity"
        " from clipsql.watch_stats"
    )
    watch(connection, "min_similarity => 0.1")
    assert rows(connection, ask) == [(0, 0, None, None, None, None)]
    put_days(engine, model, [np.linspace(0.2, 0.9, 12)])
    assert rows(connection, ask) == [(12, 0, None, None, None, None)]
    alerts = rows(connection, "select alert_id, similarity from clipsql.alert order by similarity")
    for number, (alert, _) in enumerate(alerts[:9]):
        rows(connection, "select clipsql.judge_alert(%s, %s)", alert, number in (2, 6, 7, 8))
    ((_, judged, precision, low, high, proposed),) = rows(connection, ask)
    assert (judged, precision, proposed) == (9, pytest.approx(4 / 9), None)
    assert (low, high) == pytest.approx((0.1888, 0.7333), abs=1e-3)  # Wilson's for 4 of 9
    rows(connection, "select clipsql.judge_alert(%s, true)", alerts[9][0])
    ((_, _, _, _, _, proposed),) = rows(connection, ask)
    assert proposed == alerts[6][1]
    rows(connection, "select clipsql.judge_alert(%s, null)", alerts[9][0])
    assert rows(connection, ask)[0][1] == 9
    for all_alike in (False, True):
        for alert, _ in alerts:
            rows(connection, "select clipsql.judge_alert(%s, %s)", alert, all_alike)
        ((_, _, precision, low, high, proposed),) = rows(connection, ask)
        assert (precision, proposed) == ((1, alerts[0][1]) if all_alike else (0, None))
        assert 0 <= low < high <= 1
    with pytest.raises(psycopg.Error, match="no alert 99") as caught:
        rows(connection, "select clipsql.judge_alert(99, true)")
    assert caught.value.sqlstate == "CQ009"


def test_a_space_without_pictures_has_no_history(connection: Connection, engine: Engine) -> None:
    add_space(engine, "empty", dimensions=2)
    with pytest.raises(psycopg.Error, match="nothing tells how many alarms a day"):
        watch(connection, "alarms_per_day => 5")


# Another model.


def test_watches_move_to_another_model_with_their_rates_but_not_with_similarities(
    connection: Connection, engine: Engine, model: ModelRow
) -> None:
    random = np.random.default_rng(2)
    put_days(engine, model, [list(random.uniform(0, 0.5, 24)) for _ in range(10)])
    subject = "image => 1"
    made = {
        "rate": f"{subject}, alarms_per_day => 2, once_per => '1 hour'",
        "share": f"{subject}, min_percentile => 90",
        "similar": f"{subject}, min_similarity => 0.4",
        "vector": "query_vector => '[1,0]', min_percentile => 90",
        "paused": "images => '{2,3}', min_percentile => 80",
        "gone": f"{subject}, min_percentile => 50",
    }
    for name, arguments in made.items():
        rows(connection, f"select clipsql.watch('{name}', {arguments})")
    rows(connection, "select clipsql.pause_watch('paused')")
    stored = "select name, model_id, min_similarity, problem from clipsql.watch_list order by watch_id"
    before = rows(connection, stored)
    other = add_space(engine, "other", dimensions=3)
    # Before the model knows the pictures nothing moves, and each watch says why.
    assert rows(connection, "select clipsql.move_watches('other')") == [(0,)]
    for (name, *facts, problem), (_, *same, _) in zip(rows(connection, stored), before, strict=True):
        assert facts == same
        assert ("it does not know 240 yet" in problem) == (name not in ("similar", "vector")), name
    rows(
        connection,
        "insert into clipsql.image_embedding (model_id, image_id, embedding)"
        " select %s, e.image_id, l2_normalize(('[' || (e.embedding <=> '[1,0]') || ',0.3,0.4]')::vector)::halfvec"
        " from clipsql.image_embedding as e where e.model_id = %s returning 1",
        other.model_id,
        model.model_id,
    )
    assert rows(connection, "select clipsql.move_watches('other')") == [(4,)]
    after = {name: facts for name, *facts in rows(connection, stored)}
    for name, model_id, similarity, _ in before:
        if name in ("similar", "vector"):
            assert after[name][:2] == [model_id, similarity]
        else:
            assert after[name][::2] == [other.model_id, None]
            assert after[name][1] != similarity
    assert after["similar"][2].startswith("Not under model other: a similarity of 0.400 means something else")
    assert after["vector"][2].startswith(
        "Not under model other: the vector that is looked for is not of that"
    )
    assert rows(connection, "select sum(alarms) from clipsql.backtest('rate')") == [(20,)]
    assert rows(
        connection,
        "select l.name, v.model_id, v.is_paused, count(*), bool_and(v.min_similarity = l.min_similarity)"
        " from clipsql_private.watch_vector as v join clipsql.watch_list as l using (watch_id)"
        " where l.name in ('rate', 'paused') group by 1, 2, 3 order by 1",
    ) == [("paused", other.model_id, True, 2, True), ("rate", other.model_id, False, 1, True)]
    # A watch made again with the model that it is to have is all right, and what has moved is left alone.
    remove_model(engine, model.name)
    assert rows(connection, "select clipsql.move_watches('other')") == [(0,)]
    rows(connection, f"select clipsql.watch('similar', {subject}, min_similarity => 0.9, model => 'other')")
    assert rows(connection, "select model_id, problem from clipsql.watch_list where name = 'similar'") == [
        (other.model_id, None)
    ]
