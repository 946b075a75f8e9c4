"""Watches: a new picture that is looked for raises an alarm with its embedding, once, whatever happens."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import fill, new_model, picture, unit_vectors, write
from sqlalchemy.engine import Engine

from clipsql.db.models import add_space, remove_model
from clipsql.search.searcher import Searcher

Connection = psycopg.Connection[tuple[Any, ...]]
NEAR, FAR = "[1,0.1,0]", "[0,1,0]"
INTERLEAVINGS = int(os.environ.get("CLIPSQL_TEST_INTERLEAVINGS", "60"))
RAISED = (
    "select i.url, a.similarity, a.repeats from clipsql.alert as a join clipsql.image as i using (image_id)"
)
FILTERS = (
    "in_collection => 'streets'",
    "taken_from => '2025-03-01', taken_until => '2025-09-01'",
    "daily_from => '22:00', daily_until => '04:00'",
    "near_longitude => 13.4, near_latitude => 52.5, within_m => 9000",
    "inside => '((170,-20),(190,-20),(190,20),(170,20))'",
    'having_metadata => \'{"camera": "K3"}\'',
    "metadata_matches => '$.at.lane == 2 && $.camera starts with \"K1\"'",
    "caption_query => 'red truck or 卡车'",
    "only_images => array(select generate_series(1, 400, 3)::bigint)",
    "except_images => array(select generate_series(1, 400, 2)::bigint)",
    "in_collection => 'streets', having_metadata => '{\"night\": true}', taken_from => '2025-02-01'",
)


def libpq(engine: Engine) -> str:
    """URL for psycopg alone."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection to a database with the vector space "space" of three dimensions."""
    add_space(engine, "space", dimensions=3)
    with psycopg.connect(libpq(engine), autocommit=True) as connection:
        yield connection


def rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values or None).fetchall()


def watch(connection: Connection, name: str = "w", arguments: str = "min_similarity => 0.9") -> int:
    ((watch_id,),) = rows(
        connection, f"select clipsql.watch(%s, query_vector => '[1,0,0]', {arguments})", name
    )
    return int(watch_id)


def put(connection: Connection, url: str, vector: str = NEAR, facts: str = "") -> int:
    further = f", {facts}" if facts else ""
    ((image_id,),) = rows(connection, f"select clipsql.put_image('c', %s, %s::vector{further})", url, vector)
    return int(image_id)


def alerts(connection: Connection) -> list[tuple[int, int]]:
    """Image and repeats of every alarm, in order."""
    return [
        (int(a), int(b))
        for a, b in rows(connection, "select image_id, repeats from clipsql.alert order by alert_id")
    ]


# What raises an alarm.


@pytest.mark.parametrize("filters", ["", *FILTERS])
def test_live_the_past_and_a_search_agree_under_every_filter(engine: Engine, filters: str) -> None:
    model = new_model(engine, dimensions=8)
    vector = "[1,-1,1,-1,1,-1,1,-1]"
    with psycopg.connect(libpq(engine), autocommit=True) as connection:
        connection.execute("set client_min_messages = error")  # the collections are still to come
        connection.execute("set timezone = 'Asia/Kathmandu'")
        given = ", ".join(["%s", f"query_vector => '{vector}'", *filter(None, [filters])])
        rows(connection, f"select clipsql.watch({given}, min_similarity => 0.2)", "w")
        fill(engine, rows=400, model=model)
        raised = rows(connection, "select image_id, similarity from clipsql.alert order by image_id")
        found = rows(
            connection,
            f"select image_id, similarity from clipsql.search('{vector}', 400, min_similarity => 0.2"
            f"{', ' + filters if filters else ''}) order by image_id",
        )
        assert raised == found
        assert 1 < len(raised) < 250
        days = rows(connection, "select alarms, best_image_id from clipsql.backtest('w')")
        best = dict(raised)
        assert sum(alarms for alarms, _ in days) == len(raised)
        assert {image for _, image in days} - {None} <= set(best)
        taken = rows(
            connection,
            "select coalesce(i.taken_at, i.added_at)::date, count(*), max(a.similarity) from clipsql.alert as a"
            " join clipsql.image as i using (image_id) group by 1 order by 1",
        )
        assert [(day, n) for day, n, _ in taken] == rows(
            connection, "select day, alarms from clipsql.backtest('w') where alarms > 0 order by day"
        )
        assert [most for _, _, most in taken] == [best[image] for _, image in days if image is not None]


def test_every_way_to_write_raises_once(connection: Connection, engine: Engine) -> None:
    watch(connection)
    searcher = Searcher(engine, model="space")
    searcher.put("c", "put", embedding=[1, 0, 0])
    searcher.put_many("c", {"url": ["many", "far"], "embedding": [[1, 0, 0], [0, 1, 0]]})
    write(
        engine,
        searcher.model,
        [picture("ingested", [1, 0, 0]), picture("far too", [0, 1, 0])],
        collection="d",
    )
    parent, partition = "clipsql.image_embedding", "clipsql_private.image_embedding_1"
    # Keys are the partitions'.
    ways = [*itertools.product((parent, partition), ("insert", "copy")), (partition, "conflict")]
    for number, (target, columns) in enumerate(ways):
        ((image_id,),) = rows(
            connection,
            "insert into clipsql.image (collection, url, status) values ('c', %s, 'embedded') returning image_id",
            f"by hand {number}",
        )
        if columns == "copy":
            with connection.cursor().copy(
                f"copy {target} (image_id, model_id, embedding) from stdin".encode()
            ) as copy:
                copy.write_row((image_id, 1, NEAR))
        else:
            again = " on conflict (image_id, model_id) do update set embedding = excluded.embedding"
            rows(
                connection,
                f"insert into {target} (image_id, model_id, embedding) values (%s, 1, '{NEAR}')"
                f"{again if columns == 'conflict' else ''} returning 1",
                image_id,
            )
    raised = [url for url, *_ in rows(connection, f"{RAISED} order by alert_id")]
    assert raised == ["put", "many", "ingested", *(f"by hand {number}" for number in range(len(ways)))]


@pytest.mark.parametrize("target", ["clipsql.image_embedding", "clipsql_private.image_embedding_1"])
def test_another_embedding_is_compared_anew_and_a_picture_raises_once(
    connection: Connection, target: str
) -> None:
    watch(connection)
    image = put(connection, "u", FAR)
    assert alerts(connection) == []
    connection.execute(f"update {target} set embedding = '{NEAR}'".encode())
    assert alerts(connection) == [(image, 0)]
    for vector in (FAR, NEAR, NEAR):
        put(connection, "u", vector)
        connection.execute(f"update {target} set embedding = '{vector}'".encode())
    connection.execute("delete from clipsql.image_embedding")
    put(connection, "u", NEAR)
    assert alerts(connection) == [(image, 0)]


def test_a_roll_back_takes_the_alarm_with_the_picture(connection: Connection) -> None:
    watch(connection)
    with connection.transaction(force_rollback=True):
        put(connection, "u")
        assert len(alerts(connection)) == 1
    assert alerts(connection) == []
    image = put(connection, "u")
    assert alerts(connection) == [(image, 0)]
    rows(connection, "select clipsql.remove_images(%s)", [image])
    assert alerts(connection) == []


def test_later_facts_raise_nothing(connection: Connection) -> None:
    watch(connection, arguments='min_similarity => 0.9, having_metadata => \'{"gate": "north"}\'')
    put(connection, "u", facts='metadata => \'{"gate": "south"}\'')
    connection.execute('update clipsql.image set metadata = \'{"gate": "north"}\'')
    assert alerts(connection) == []


def test_models_added_later_are_watched_and_never_mix(connection: Connection, engine: Engine) -> None:
    watch(connection)
    add_space(engine, "other", dimensions=2)
    rows(
        connection,
        "select clipsql.watch('of other', query_vector => '[1,0]', min_similarity => 0.9, model => 'other')",
    )
    rows(connection, "select clipsql.put_image('c', 'u', '[1,0]', model => 'other')")
    put(connection, "u")
    names = rows(
        connection,
        "select l.name from clipsql.alert as a join clipsql.watch_list as l using (watch_id) order by 1",
    )
    assert names == [("of other",), ("w",)]
    # Both in one statement.
    connection.execute("delete from clipsql.alert")
    connection.execute("update clipsql.image_embedding set embedding = embedding")
    assert len(alerts(connection)) == 2
    remove_model(engine, "other")
    assert rows(connection, "select name, model_id from clipsql.watch_list order by name") == [
        ("of other", None),
        ("w", 1),
    ]
    assert len(rows(connection, "select clipsql.put_image('c', 'v', '[1,0,0]')")) == 1
    assert len(alerts(connection)) == 3


# What is looked for.


def test_a_watch_is_for_a_query_a_picture_or_several(engine: Engine) -> None:
    model = new_model(engine, dimensions=3)
    with psycopg.connect(libpq(engine), autocommit=True) as connection:
        for text, vector in {"truck": "[1,0,0]", "night": "[0,1,0]", "snow": "[0,0,1]"}.items():
            connection.execute(
                "insert into clipsql_private.remembered_text values (1, %s, %s)", (text, vector)
            )
        write(engine, model, [picture("x", [1, 0, 0]), picture("y", [0, 1, 0]), picture("xy", [1, 1, 0])])
        subjects = {
            "text": "query => 'truck'",
            "expression": "query => 'truck + 2*night'",
            "less": "query => 'truck - 0.5*snow'",
            "with a picture": "query => 'snow + image:1'",
            "picture": "image => 1",
            "pictures": "images => '{1,2,1}'",
            "vector": "query_vector => '[0,0,3]'",
            "vector of a text": "query => 'what no tower knows', query_vector => '[0,0,3]'",
        }
        for name, subject in subjects.items():
            rows(connection, f"select clipsql.watch(%s, {subject}, min_similarity => -1)", name)
        vector = np.array([0.6, 0.48, 0.64])
        ((image,),) = rows(
            connection, "select clipsql.put_image('c', 'new', %s::vector)", str(vector.tolist())
        )
        found = {name: (similarity, percentile is None) for name, similarity, percentile in rows(
            connection, "select l.name, a.similarity, a.percentile from clipsql.alert as a"
            " join clipsql.watch_list as l using (watch_id) where a.image_id = %s", image)}  # fmt: skip
        wanted = {
            "text": 0.6,
            "expression": (0.6 + 2 * 0.48) / np.sqrt(5),
            "less": (0.6 - 0.5 * 0.64) / np.sqrt(1.25),
            "with a picture": (0.6 + 0.64) / np.sqrt(2),
            "picture": 0.6,
            "pictures": 0.6,
            "vector": 0.64,
            "vector of a text": 0.64,
        }
        assert found.keys() == wanted.keys(), rows(connection, "select name, problem from clipsql.watch_list")
        assert {name: similarity for name, (similarity, _) in found.items()} == pytest.approx(
            wanted, abs=1e-3
        )
        assert {name for name, (_, is_null) in found.items() if is_null} == {"pictures"}
        kept = dict(rows(connection, "select name, images from clipsql.watch_list"))
        assert kept["pictures"] == [1, 2]
        assert (kept["picture"], kept["with a picture"], kept["text"]) == ([1], [1], None)
        # A picture that a watch is for raises no alarm itself.
        connection.execute("update clipsql.image_embedding set embedding = embedding")
        own = rows(
            connection,
            "select distinct l.name from clipsql.alert as a join clipsql.watch_list as l using (watch_id)"
            " where a.image_id = 1 order by 1",
        )
        assert own == [("expression",), ("less",), ("text",), ("vector",), ("vector of a text",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'', query_vector => '[1,0,0]', min_similarity => 0", "name of the watch is empty"),
        ("'w', min_similarity => 0", "one of query, image, images and query_vector, not for 0"),
        ("'w', image => 1, images => '{1}', min_similarity => 0", "not for 2 of them"),
        ("'w', image => 1, query_vector => '[1,0,0]', min_similarity => 0", "not for 2 of them"),
        ("'w', images => '{}', min_similarity => 0", "without null"),
        ("'w', images => '{1,null}', min_similarity => 0", "without null"),
        ("'w', images => array_fill(1::bigint, array[51]), min_similarity => 0", "at most 50 images"),
        ("'w', query_vector => '[1,0]', min_similarity => 0", "has 2 dimensions, but model space has 3"),
        ("'w', query => './a.jpg', min_similarity => 0", "reads no files"),
        ("'w', query => 'a + ', min_similarity => 0", "Column 5"),
        ("'w', image => 7, min_similarity => 0", "no image 7"),
        ("'w', query_vector => '[1,0,0]'", "takes one of alarms_per_day, min_percentile and min_similarity, not 0"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, min_percentile => 9", "not 2 of them"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 1.5", "between -1 and 1"),
        ("'w', query_vector => '[1,0,0]', min_percentile => 101", "between 0 and 100"),
        ("'w', query_vector => '[1,0,0]', alarms_per_day => 0", "above 0, not 0"),
        ("'w', query_vector => '[1,0,0]', alarms_per_day => 'NaN'", "above 0, not NaN"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, once_per_key => 'camera'", "say how often"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, once_per => '1 hour', once_per_key => ' '", "empty"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, once_per => '1 month'", "months differ"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, once_per => '-1 hour'", "one second and ten years"),
        ("'w', query_vector => '[1,0,0]', min_similarity => 0, within_m => 5", "give all three"),
        ("'w', query_vector => '[1,0,0]', alarms_per_day => 5", "No picture passes the filters yet"),
        ("'w', query_vector => '[1,0,0]', alarms_per_day => 5, in_collection => 'g'", 'no collection "g" yet'),
        ("'w', query_vector => '[1,0,0]', min_percentile => 99", "no picture yet"),
    ],
)  # fmt: skip
def test_what_no_watch_can_be_is_refused(connection: Connection, arguments: str, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message) as caught:
        rows(connection, f"select clipsql.watch({arguments})")
    assert caught.value.sqlstate is not None
    assert caught.value.sqlstate.startswith("CQ")
    assert rows(connection, "select * from clipsql.watch_list") == []


def test_a_watch_of_the_same_name_is_changed_and_keeps_its_alarms(connection: Connection) -> None:
    first = watch(connection, arguments="min_similarity => 0.9, in_collection => 'c'")
    image = put(connection, "u")
    rows(connection, "select clipsql.pause_watch('w')")
    assert watch(connection, arguments="min_similarity => -0.5") == first
    assert rows(connection, "select min_similarity, filters, is_paused from clipsql.watch_list") == [
        (-0.5, {}, False)
    ]
    far = put(connection, "v", FAR)
    assert alerts(connection) == [(image, 0), (far, 0)]
    rows(connection, "select clipsql.unwatch('w')")
    assert alerts(connection) == []
    put(connection, "w")
    for call in ("unwatch('w')", "pause_watch('w')", "resume_watch('w')", "backtest('w')"):
        with pytest.raises(psycopg.Error, match='There is no watch "w"') as caught:
            rows(connection, f"select * from clipsql.{call}")
        assert caught.value.sqlstate == "CQ009"


def test_a_paused_watch_raises_nothing_and_goes_on(connection: Connection) -> None:
    watch(connection)
    rows(connection, "select clipsql.pause_watch('w')")
    put(connection, "meanwhile")
    rows(connection, "select clipsql.resume_watch('w')")
    image = put(connection, "then")
    assert alerts(connection) == [(image, 0)]
    assert rows(connection, "select is_paused from clipsql.watch_list") == [(False,)]


# Faults of a watch.


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("timezone = 'Nowhere/Atall'", "TimeZone"),
        ("filters = '{\"within_m\": 5}'", "give all three"),
        ('filters = \'{"taken_from": "once"}\'', "invalid input syntax"),
    ],
)
def test_a_fault_of_a_watch_is_noted_and_loses_no_picture(
    connection: Connection, fault: str, problem: str
) -> None:
    watch(connection, "bad")
    watch(connection, "good")
    connection.execute(f"update clipsql.watch_list set {fault} where name = 'bad'".encode())
    images = [put(connection, "u"), put(connection, "v")]
    assert alerts(connection) == [(image, 0) for image in images]
    noted = dict(rows(connection, "select name, problem from clipsql.watch_list"))
    assert problem in noted["bad"]
    assert noted["good"] is None
    watch(connection, "bad")
    assert dict(rows(connection, "select name, problem from clipsql.watch_list"))["bad"] is None


def test_a_vector_without_a_direction_raises_nothing(connection: Connection) -> None:
    watch(connection, arguments="min_similarity => -1")
    put(connection, "u", FAR)
    connection.execute("update clipsql.image_embedding set embedding = '[0,0,0]'")
    connection.execute("truncate clipsql.alert cascade")
    connection.execute("update clipsql.image_embedding set embedding = '[0,0,0]'")
    assert alerts(connection) == []


def test_every_pair_is_compared_exactly_whatever_comes_at_once(
    connection: Connection, engine: Engine
) -> None:
    """Seventy pictures at once, of any length, under watches whose thresholds are similarities that occur."""
    chance = np.random.default_rng(4)
    model = new_model(engine, dimensions=40, name="forty")
    for number in range(60):
        vector = str(chance.standard_normal(40).tolist())
        rows(
            connection,
            "select clipsql.watch(%s, query_vector => %s::vector, min_similarity => 0, model => 'forty')",
            str(number),
            vector,
        )
    seed = unit_vectors(chance, 3, 40)
    write(engine, model, [picture(f"seed {n}", vector) for n, vector in enumerate(seed)])
    rows(
        connection,
        "select clipsql.watch('several', images => '{1,2,3}', min_similarity => 0.2, model => 'forty')",
    )
    rows(
        connection,
        "insert into clipsql.image (collection, url, status) select 'd', n::text, 'embedded'"
        " from generate_series(1, 70) as n returning 1",
    )
    connection.execute("create temporary table made (image_id bigint, embedding halfvec)")
    images = [
        image for (image,) in rows(connection, "select image_id from clipsql.image where collection = 'd'")
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into made values (%s, %s::vector::halfvec)",
            [
                (image, str((vector * chance.choice([0.02, 1, 300])).tolist()))
                for image, vector in zip(images, unit_vectors(chance, 70, 40), strict=True)
            ],
        )
    similarity = "1 - (v.embedding <=> m.embedding)"
    connection.execute(
        f"update clipsql_private.watch_vector as v set min_similarity ="
        f" (select {similarity} from made as m order by m.image_id offset v.watch_id % 70 limit 1) where number = 1"
        f" and watch_id <= 60".encode()
    )
    connection.execute("delete from clipsql.alert")
    rows(
        connection,
        "insert into clipsql.image_embedding (model_id, image_id, embedding)"
        " select %s, image_id, embedding from made returning 1",
        model.model_id,
    )
    pairs = "select watch_id, image_id, similarity from clipsql.alert order by 1, 2"
    brute = (
        f"select v.watch_id, m.image_id, max({similarity}) as similarity from clipsql_private.watch_vector as v"
        f" cross join made as m where {similarity} >= v.min_similarity group by 1, 2 order by 1, 2"
    )
    raised = rows(connection, pairs)
    assert raised == rows(connection, brute)
    assert len({watch_id for watch_id, *_ in raised}) == 61
    assert rows(connection, "select count(*) from clipsql.watch_list where problem is not null") == [(0,)]


# Folding.


def test_alarms_of_one_period_and_key_are_one(connection: Connection) -> None:
    watch(connection, arguments="min_similarity => 0.5, once_per => '1 hour', once_per_key => 'camera'")
    first = put(
        connection, "1", "[1,1,0]", "taken_at => '2026-03-01 10:05Z', metadata => '{\"camera\": \"a\"}'"
    )
    put(connection, "2", "[1,0,0]", "taken_at => '2026-03-01 10:55Z', metadata => '{\"camera\": \"a\"}'")
    other = put(connection, "3", NEAR, "taken_at => '2026-03-01 10:55Z', metadata => '{\"camera\": \"b\"}'")
    later = put(connection, "4", NEAR, "taken_at => '2026-03-01 11:00Z', metadata => '{\"camera\": \"a\"}'")
    without = put(connection, "5", NEAR, "taken_at => '2026-03-01 11:00Z'")
    put(connection, "6", NEAR, "taken_at => '2026-03-01 11:59:59Z'")
    for url in "26":
        put(connection, url, NEAR)  # written again
        connection.execute("update clipsql.image_embedding set embedding = embedding")
    assert alerts(connection) == [(first, 1), (other, 0), (later, 0), (without, 1)]
    assert rows(connection, "select problem from clipsql.watch_list") == [(None,)]
    assert rows(connection, "select alarms, best_image_id from clipsql.backtest('w')") == [(4, 2)]
    # Another collection may be another reader's.
    rows(connection, "select clipsql.put_image('d', '7', '[1,0,0]', taken_at => '2026-03-01 11:30Z')")
    assert len(alerts(connection)) == 5


def test_periods_begin_at_midnight_of_the_watchs_time_zone(connection: Connection) -> None:
    connection.execute("set timezone = 'Asia/Kathmandu'")  # 5:45 before UTC
    watch(connection, arguments="min_similarity => 0.5, once_per => '1 day'")
    connection.execute("set timezone = 'UTC'")
    first = put(connection, "1", NEAR, "taken_at => '2026-03-01 18:14Z'")
    second = put(connection, "2", NEAR, "taken_at => '2026-03-01 18:15Z'")
    put(connection, "3", NEAR, "taken_at => '2026-03-02 18:14Z'")
    assert alerts(connection) == [(first, 0), (second, 1)]
    assert rows(connection, "select day::text, alarms from clipsql.backtest('w')") == [
        ("2026-03-01", 1),
        ("2026-03-02", 1),
    ]


def test_one_statement_folds_what_it_writes(connection: Connection, engine: Engine) -> None:
    watch(connection, arguments="min_similarity => 0.5, once_per => '1 hour'")
    when = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    vectors = [[1, 0.5, 0], [1, 0, 0], [1, 0.7, 0], [0, 1, 0]]
    Searcher(engine, model="space").put_many(
        "c", {"url": list("abcd"), "embedding": vectors, "taken_at": [when] * 4}
    )
    ((url, similarity, repeats),) = rows(connection, RAISED)
    assert (url, similarity, repeats) == ("b", 1, 2)


def test_workers_who_come_at_once_fold_together(connection: Connection, engine: Engine) -> None:
    watch(connection, arguments="min_similarity => 0.5, once_per => '1 day'")
    times = [f"2026-03-{day:02} 10:00Z" for day in (1, 2, 3)]

    def work(worker: int) -> None:
        chance = random.Random(worker)
        with psycopg.connect(libpq(engine)) as own:
            for number in range(30):
                put(own, f"{worker} {number}", NEAR, f"taken_at => '{times[number % 3]}'")
                time.sleep(chance.random() * 0.002)
                if number % 5 == 4:
                    own.rollback()
                else:
                    own.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert [repeats for _, repeats in alerts(connection)] == [31, 31, 31]
    assert rows(connection, "select count(*) from clipsql.image") == [(96,)]


# No gap at birth.


def test_a_watch_misses_no_picture_that_is_written_while_it_is_made(
    connection: Connection, engine: Engine
) -> None:
    """Pictures that its maker saw are before it, all others after: they raise an alarm, once each."""
    url = libpq(engine)

    def write_some(connection: Connection, chance: random.Random, number: int) -> None:  # some of it in vain
        isolation = chance.choice(["read committed", "repeatable read", "serializable"])
        target = chance.choice(["clipsql.image_embedding", "clipsql_private.image_embedding_1"])
        for step in range(3):
            while True:
                try:
                    with connection.transaction():
                        connection.execute(f"set transaction isolation level {isolation}".encode())
                        ((image_id,),) = rows(
                            connection,
                            "insert into clipsql.image (collection, url, status) values ('c', %s, 'embedded')"
                            " returning image_id",
                            f"{number} {step} {isolation} {chance.random()}",
                        )
                        time.sleep(chance.random() * 0.003)
                        rows(
                            connection, f"insert into {target} values (%s, 1, '{NEAR}') returning 1", image_id
                        )
                        time.sleep(chance.random() * 0.003)
                        if chance.random() < 0.2:
                            raise psycopg.Rollback
                    break
                except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
                    continue
            time.sleep(chance.random() * 0.002)

    def begin(connection: Connection, chance: random.Random, number: int) -> set[int]:
        time.sleep(chance.random() * 0.012)
        with connection.transaction():
            if number % 3 == 2:
                rows(connection, "select clipsql.resume_watch('w')")
            else:
                watch(connection)
            seen = {image for (image,) in rows(connection, "select image_id from clipsql.image_embedding")}
            time.sleep(chance.random() * 0.003)
        return seen

    wrong = []
    with ThreadPoolExecutor(4) as pool:
        connections = [psycopg.connect(url, autocommit=True) for _ in range(4)]
        for number in range(INTERLEAVINGS):
            if number % 3 == 2:
                rows(connection, "select clipsql.pause_watch('w')")
            elif number:
                rows(connection, "select clipsql.unwatch('w')")
            connection.execute("delete from clipsql.alert")
            writers = [
                pool.submit(write_some, connections[n], random.Random(f"{number} {n}"), number)
                for n in range(3)
            ]
            seen = pool.submit(begin, connections[3], random.Random(number), number).result()
            for writer in writers:
                writer.result()
            stored = {image for (image,) in rows(connection, "select image_id from clipsql.image_embedding")}
            raised = [image for image, _ in alerts(connection)]
            if sorted(raised) != sorted(stored - seen):
                wrong.append((number, sorted(stored - seen), sorted(raised)))
        for one in connections:
            one.close()
    assert wrong == []


def test_a_transaction_that_does_not_end_holds_up_a_watch_and_no_other_writer(
    connection: Connection, engine: Engine
) -> None:
    with psycopg.connect(libpq(engine)) as endless, ThreadPoolExecutor(1) as pool:
        first = put(endless, "first")
        made = pool.submit(watch_alone, libpq(engine))
        time.sleep(0.3)
        for number in range(3):
            started = time.monotonic()
            put(connection, str(number))
            assert time.monotonic() - started < 6
        endless.commit()
        made.result(timeout=30)
    image = put(connection, "last")
    assert alerts(connection) == [(image, 0)]
    assert first < image


def test_a_watch_that_cannot_begin_says_why(connection: Connection, engine: Engine) -> None:
    ((definition,),) = rows(connection, "select pg_get_functiondef('clipsql_private.begin_watch'::regproc)")
    waits_ms = [int(wait) for wait in re.findall(r"array\[(.*)\]", definition)[0].split(",")]
    assert sum(waits_ms) == 15_000
    # The same, a hundred times as fast.
    faster = definition.replace(str(waits_ms), str([wait // 100 for wait in waits_ms]))
    assert faster != definition
    connection.execute(faster.encode())
    with psycopg.connect(libpq(engine)) as endless:
        put(endless, "first")
        started = time.monotonic()
        with pytest.raises(psycopg.errors.LockNotAvailable, match="does not end"):
            watch(connection)
        assert time.monotonic() - started > 0.15
    assert rows(connection, "select * from clipsql.watch_list") == []
    watch(connection)


def watch_alone(url: str) -> None:
    with psycopg.connect(url) as own:
        watch(own)


# Being woken.


def test_one_statement_wakes_listeners_once_with_ids(connection: Connection, engine: Engine) -> None:
    watch(connection)
    with psycopg.connect(libpq(engine), autocommit=True) as listener:
        listener.execute("listen clipsql_alert")
        put(connection, "far", FAR)
        random_vectors = np.concatenate(
            [np.ones((2000, 1)), unit_vectors(np.random.default_rng(1), 2000, 2) / 9], axis=1
        )
        Searcher(engine, model="space").put_many(
            "c", {"url": [str(number) for number in range(2000)], "embedding": random_vectors}
        )
        put(connection, "one more")
        told = [note.payload for note in listener.notifies(timeout=5, stop_after=2)]
    ids = [alert for (alert,) in rows(connection, "select alert_id from clipsql.alert order by 1")]
    assert [json.loads(payload) for payload in told] == [ids[:350], ids[-1:]]
    assert len(ids) == 2001
