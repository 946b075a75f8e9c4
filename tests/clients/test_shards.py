"""A collection over two servers: searches answer as one server does, writes find their place, failures are told."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import CliRunner, Result
from clients.documented import examples
from integration.filling import COLLECTIONS, Filled, fill, new_model, picture, write
from PIL import Image
from psycopg import sql
from shard_servers import Server, servers

from clipsql import embed_batch, write_batch
from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.pictures.writing import analyze
from clipsql.db.shards import moving, stats
from clipsql.db.shards.adding import add_shard
from clipsql.db.shards.checking import descriptions, model_problems
from clipsql.db.shards.listing import SLOTS, placing, slot_of
from clipsql.db.statements import driver_connection
from clipsql.db.transactions import writing
from clipsql.demo import MODEL_FOLDER
from clipsql.errors import DatabaseNotReady
from clipsql.models import register_model
from clipsql.search.connecting import connect
from clipsql.search.searcher import Searcher

ROWS = 2200


def run(url: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        main, [str(argument) for argument in arguments], env={"CLIPSQL_DATABASE_URL": url}
    )


@pytest.fixture(scope="module")
def two(run_folder: Path) -> Iterator[list[Server]]:
    with servers(2, run_folder) as started:
        for server in started:
            server.database("template")
        yield started


@dataclass(frozen=True)
class Sharded:
    """A coordinator and its two shards, each with its server, and one database with the same pictures."""

    front: str
    shards: Sequence[str]
    whole: str
    filled: Filled


@pytest.fixture(scope="module")
def sharded(two: list[Server]) -> Iterator[Sharded]:
    whole, front, *urls = (
        server.database(name, template="template")
        for server, name in ((two[0], "whole"), (two[0], "front"), (two[0], "north"), (two[1], "south"))
    )
    engine = create_engine(whole)
    filled = fill(engine, rows=ROWS)
    coordinator = create_engine(front)
    new_model(coordinator)
    targets = [create_engine(url) for url in urls]
    new_model(targets[1], name="another", dimensions=3)  # so that the model has another number there
    models = [new_model(target) for target in targets]
    for url, name in zip(urls, ("north", "south"), strict=True):
        add_shard(coordinator, url, name=name)
    for number, (target, model) in enumerate(zip(targets, models, strict=True)):
        for collection in COLLECTIONS:
            write(target, model, _part(filled, number, collection), collection=collection)
        analyze(target, model)
    for url in (whole, *urls):
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into clipsql.caption (image_id, body, source) select i.image_id, 'seen', 'model:m'"
                " from clipsql.image as i where i.image_id not in (select c.image_id from clipsql.caption as c)"
            )
    yield Sharded(front, urls, whole, filled)
    for opened in (engine, coordinator, *targets):
        opened.dispose()


def _part(filled: Filled, number: int, collection: str) -> list[PictureWrite]:
    """The pictures of a collection that belong to the first or the second of two shards."""
    return [
        picture(
            f"file:///{row}.jpg",
            filled.vectors[row],
            taken_at=one.taken_at,
            longitude=one.longitude,
            latitude=one.latitude,
            metadata=one.metadata,
            captions=one.captions,
        )
        for row, one in enumerate(filled.pictures)
        if one.collection == collection and slot_of(f"file:///{row}.jpg") * 2 // SLOTS == number
    ]


def answer(url: str, statement: str, *values: Any, before: str = "", **named: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        if before:
            connection.execute(before)
        return connection.execute(statement, values or named or None).fetchall()


FACTS = "rank, similarity, url, caption, extract(epoch from taken_at), longitude, latitude, metadata"
FILTERS = [
    "",
    "in_collection => 'streets'",
    "taken_from => '2025-03-01', taken_until => '2025-09-01', caption_query => 'dog'",
    "daily_from => '22:00', daily_until => '04:00'",
    "near_longitude => 13.4, near_latitude => 52.5, within_m => 9000",
    "inside => '(13.3,52.4),(13.5,52.4),(13.5,52.6)', having_metadata => '{\"night\": true}'",
    "metadata_matches => '$.at.number < 40'",  # fewer than wanted
    "min_similarity => 0.55",
    "distinct_above => 0.4",
    "distinct_above => 0.2, in_collection => '中文', max_results => 50",
]
HOSTILE = """
    set extra_float_digits = -14; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard';
    set timezone = 'Asia/Kathmandu'; set enable_indexscan = off; set bytea_output = 'escape'
"""


def reset_settings(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} reset all").format(name))


def query(seed: int) -> str:
    return "[" + ",".join(f"{number:.6f}" for number in np.random.default_rng(seed).standard_normal(24)) + "]"


@pytest.mark.parametrize("before", [pytest.param("", id="plain"), pytest.param(HOSTILE, id="hostile")])
def test_a_search_over_shards_answers_as_one_server(
    sharded: Sharded, before: str, request: pytest.FixtureRequest
) -> None:
    if before:  # the shards' own sessions are no better
        for url in sharded.shards:
            with psycopg.connect(url, autocommit=True) as shard:
                name = sql.Identifier(shard.info.dbname)
                shard.execute(sql.SQL("alter database {} set extra_float_digits = -14").format(name))
                shard.execute(sql.SQL("alter database {} set datestyle = 'SQL, DMY'").format(name))
                request.addfinalizer(partial(reset_settings, url))
    for number, filters in enumerate(FILTERS):
        limit = "" if "max_results" in filters else "max_results => 20"
        arguments = ", ".join(part for part in (filters, limit) if part)
        asked = f"select {FACTS} from clipsql.search(%s::vector, {arguments}) order by rank"
        wanted = answer(sharded.whole, asked, query(number), before=before)
        assert wanted, filters
        assert answer(sharded.front, asked, query(number), before=before) == wanted, filters


def test_all_doors_of_a_search_lead_over_shards(sharded: Sharded) -> None:
    for asked in (
        "weights => array[1, -0.5]",
        "fusion => 'minimum similarity'",
        "fusion => 'mean similarity', min_similarity => 0.2",
    ):
        asked = f"select {FACTS} from clipsql.search_vectors(array[%s, %s]::vector[], {asked}) order by rank"
        values = (query(1), query(2))
        assert answer(sharded.front, asked, *values) == answer(sharded.whole, asked, *values) != []
    numbers = [
        dict(answer(url, "select url, image_id from clipsql.search(%s::vector, 5)", query(3)))
        for url in (sharded.front, sharded.whole)
    ]
    (address, here), there = next(iter(numbers[0].items())), numbers[1]
    for asked in (
        f"select {FACTS} from clipsql.search_similar(%s) order by rank",
        f"select {FACTS} from clipsql.search_query('image:' || %s) order by rank",
        "select clipsql.search_request(jsonb_build_object('image', %s::bigint)) #> '{matches,0,url}'",
        "select clipsql.image_vector(%s)::text",
    ):
        assert answer(sharded.front, asked, here) == answer(sharded.whole, asked, there[address]) != []
    with connect(sharded.front) as pictures:
        vector = json.loads(query(3))
        assert [match.image_id for match in pictures.search(vector, max_results=5)] == list(
            numbers[0].values()
        )
        assert pictures.search_similar(here)[0].url == answer(
            sharded.whole, "select url from clipsql.search_similar(%s, 1)", there[address]
        )[0][0]  # fmt: skip
    with (
        psycopg.connect(sharded.front) as connection,
        pytest.raises(psycopg.Error, match="no image -7") as raised,
    ):
        connection.execute("select * from clipsql.search_similar(-7)")
    assert raised.value.sqlstate == "CQ002"


def test_percentiles_over_shards_are_those_of_one_server(sharded: Sharded) -> None:
    asked = """
        select url, percentile, percentile_error
        from clipsql.search(%s::vector, 40, in_collection => %s) order by rank
    """
    values = (query(4), "中文")  # compared as a whole everywhere
    found, wanted = answer(sharded.front, asked, *values), answer(sharded.whole, asked, *values)
    assert [error for _, _, error in wanted] == [error for _, _, error in found] == [0] * 40
    assert [share for _, share, _ in found] == pytest.approx([share for _, share, _ in wanted], abs=1e-9)
    # Where each shard has fewer than are wanted all of its distances count.
    few = asked.replace("in_collection", "metadata_matches => '$.at.number < 280', in_collection")
    found, wanted = answer(sharded.front, few, *values), answer(sharded.whole, few, *values)
    assert 40 > len(wanted) > 10
    assert [share for _, share, _ in found] == pytest.approx([share for _, share, _ in wanted], abs=1e-9)
    # A collection of which samples tell: within the error that is told, of the truth.
    similarities = sharded.filled.similarities(json.loads(query(4)))
    for url, share, error in answer(sharded.front, asked, query(4), None):
        truth = 100 * float((similarities < similarities[int(url[8:-4])]).mean())
        assert abs(share - truth) <= 1.5 * max(error, 0.1)
        assert error > 0
    best = asked.replace("in_collection", "min_percentile => 90, in_collection")
    found, wanted = answer(sharded.front, best, *values), answer(sharded.whole, best, *values)
    assert [url for url, *_ in found] == [url for url, *_ in wanted]
    assert 10 < len(wanted) < 40


def test_a_collection_that_no_shard_has_is_warned_of_and_one_that_some_have_is_not(sharded: Sharded) -> None:
    with psycopg.connect(sharded.front) as connection:
        told: list[str] = []
        connection.add_notice_handler(lambda found: told.append(f"{found.sqlstate} {found.message_primary}"))
        asked = "select count(*) from clipsql.search(%s::vector, in_collection => %s)"
        assert connection.execute(asked, (query(1), "streets")).fetchone() == (10,)
        assert told == []
        assert connection.execute(asked, (query(1), "nowhere")).fetchone() == (0,)
        assert len(told) == 1
        assert told[0].startswith('CQ008 There is no collection "nowhere" on any shard')


def test_numbers_differ_over_shards_and_every_picture_lies_in_its_slot(sharded: Sharded) -> None:
    numbers = []
    for place, url in enumerate(sharded.shards):
        rows = answer(url, "select image_id, url, clipsql_private.slot_of(url) from clipsql.image")
        numbers += [number for number, _, _ in rows]
        assert all(number // 2**40 == place for number, _, _ in rows)
        assert all(slot_of(address) == slot and slot * 2 // SLOTS == place for _, address, slot in rows)
    assert len(numbers) == len(set(numbers)) == ROWS
    odd = ["", "gate.mp4#t=1", "gate.mp4#t=2", "https://x/中文 \\ ü.jpg", "\\x00", "a" * 9000]
    counted = answer(sharded.front, "select clipsql_private.slot_of(u) from unnest(%s::text[]) as u", odd)
    assert [slot for (slot,) in counted] == [slot_of(url) for url in odd]
    assert slot_of(odd[1]) == slot_of(odd[2])


def test_what_does_not_reach_over_shards_says_so(sharded: Sharded) -> None:
    for asked in (
        "search_captions(%s::vector)", "search_regions(%s::vector)", "search_hybrid('dog', query_vector => %s::vector)",
        "search_moments('dog', query_vector => %s::vector)", "count_matches('dog', query_vector => %s::vector)",
        "next_to_check('dog', query_vector => %s::vector)", "search_plan(%s::vector)",
        "watch('w', query_vector => %s::vector, min_similarity => 0.5)",
    ):  # fmt: skip
        with (
            psycopg.connect(sharded.front) as connection,
            pytest.raises(psycopg.Error, match="over shards") as raised,
        ):
            connection.execute(f"select * from clipsql.{asked}", (query(1),))
        assert raised.value.sqlstate == "CQ007"
        assert asked.split("(")[0] in str(raised.value)


def test_a_reader_is_answered_and_sees_no_password(sharded: Sharded, two: list[Server]) -> None:
    with psycopg.connect(sharded.front, autocommit=True) as owner:
        owner.execute("create role shard_reader login password 'reads' in role clipsql_reader")
    try:
        reader = two[0].url("front", role="shard_reader", password="reads")
        asked = "select count(*) from clipsql.search(%s::vector)"
        assert answer(reader, asked, query(1)) == [(10,)]
        assert answer(reader, "select umoptions from pg_user_mappings") == [(None,), (None,)]
        for refused in (
            "select clipsql_private.ask_shards('describe_as_shard', '{}')",
            "select clipsql_private.shard_answers('describe_as_shard', '{}', true)",
            "select clipsql_private.remove_from_shards('{1}')",
            "select clipsql.put_image('c', 'u')",
            "select dblink_connect('x', 'clipsql_shard_0')",
        ):
            with pytest.raises(psycopg.Error, match=r"permission denied|user mapping"):
                answer(reader, refused)
        # A role from whom rows would be hidden here is refused, whatever the shards hide.
        with psycopg.connect(sharded.front, autocommit=True) as owner:
            owner.execute("alter table clipsql.image enable row level security")
        for refused in (asked, "select clipsql.image_vector(1) where %s <> ''"):
            with pytest.raises(psycopg.Error, match=r"Row-level security .* does not reach over shards"):
                answer(reader, refused, query(1))
        assert answer(sharded.front, asked, query(1)) == [(10,)]
    finally:
        with psycopg.connect(sharded.front, autocommit=True) as owner:
            owner.execute("alter table clipsql.image disable row level security")
            owner.execute("drop role shard_reader")


def test_a_shard_that_hides_rows_gives_no_answer(sharded: Sharded) -> None:
    with psycopg.connect(sharded.shards[0], autocommit=True) as owner:
        owner.execute("alter table clipsql.image enable row level security")
        try:
            with pytest.raises(
                psycopg.Error, match="Shard north gives no answer: it keeps pictures apart"
            ) as raised:
                answer(sharded.front, "select * from clipsql.search(%s::vector)", query(1))
            assert raised.value.sqlstate == "CQ007"
            checked = run(sharded.front, "shard", "check")
            assert checked.exit_code == 1
            assert "Shard north keeps pictures apart by row-level security" in checked.stdout
        finally:
            owner.execute("alter table clipsql.image disable row level security")


def test_a_shard_that_is_down_is_named_and_left_out_where_that_is_asked_for(
    sharded: Sharded, two: list[Server]
) -> None:
    asked = f"select {FACTS} from clipsql.search(%s::vector, 20) order by rank"
    with psycopg.connect(sharded.front, autocommit=True) as session:
        told: list[str] = []
        session.add_notice_handler(lambda found: told.append(str(found.message_primary)))
        whole = session.execute(asked, (query(1),)).fetchall()
        two[1].stop()
        try:
            with pytest.raises(psycopg.Error, match=r"Shard south gives no answer: .*") as raised:
                session.execute(asked, (query(1),))
            assert raised.value.sqlstate == "CQ007"
            assert "secret" not in str(raised.value)
            assert told == []
            session.execute("set clipsql.partial_answers = on")
            with session.transaction():
                rows = session.execute(asked, (query(1),)).fetchall()
                assert session.execute("show clipsql.shards_left_out").fetchone() == ("south",)
            assert told == [
                'The answer is partial: shard south does not answer; look with "clipsql shard check".'
            ]
            assert 0 < len({row[2] for row in rows} & {row[2] for row in whole}) < 20
            assert {slot_of(row[2]) * 2 // SLOTS for row in rows} == {0}
            with pytest.raises(psycopg.Error, match="Shard south gives no answer"):
                session.execute("select clipsql.remove_images('{-1}')")
            checked = run(sharded.front, "shard", "check")
            assert checked.exit_code == 1
            assert "Shard south gives no answer: " in checked.stdout
            assert "secret" not in checked.output
        finally:
            two[1].start()
            session.execute("reset clipsql.partial_answers")
        # The session asks the new server as it asked the old one.
        assert session.execute(asked, (query(1),)).fetchall() == whole
        with session.transaction():
            session.execute(asked, (query(1),))
            assert session.execute("show clipsql.shards_left_out").fetchone() == ("",)
        two[1].stop()
        two[1].start()
        assert session.execute(asked, (query(1),)).fetchall() == whole


def test_a_cancelled_search_leaves_the_next_one_right(sharded: Sharded) -> None:
    asked = f"select {FACTS} from clipsql.search(%s::vector, 20) order by rank"
    with psycopg.connect(sharded.front, autocommit=True) as session:
        whole = session.execute(asked, (query(1),)).fetchall()
        with psycopg.connect(sharded.shards[0]) as blocking:
            blocking.execute("lock table clipsql.image in access exclusive mode")
            session.execute("set statement_timeout = 300")
            with pytest.raises(psycopg.Error, match="statement timeout"):
                session.execute(asked, (query(2),))
        session.execute("reset statement_timeout")
        assert session.execute(asked, (query(1),)).fetchall() == whole
        # Nor does a wrong question, which the shards refuse.
        with pytest.raises(psycopg.Error, match=r"no place|jsonpath|vertices|degrees") as raised:
            session.execute("select * from clipsql.search(%s::vector, inside => '(0,0)')", (query(1),))
        assert raised.value.sqlstate == "CQ004"
        assert session.execute(asked, (query(1),)).fetchall() == whole


@pytest.fixture
def empty(two: list[Server], request: pytest.FixtureRequest) -> Callable[..., str]:
    """Make fresh databases at the newest revision, by the letter that ends their names."""

    def make(letter: str) -> str:
        return two[0].database(f"{request.node.name[:40]}_{letter}", template="template")

    return make


def vectors(*numbers: float) -> list[float]:
    return [*numbers, 1.0]


def test_pictures_are_put_and_removed_where_they_belong(empty: Callable[..., str]) -> None:
    front, *shards = [empty(letter) for letter in "fab"]
    for url in (front, *shards):
        answer(url, "select clipsql.add_model('space', 3)", before="begin")
        with psycopg.connect(url) as connection:
            connection.execute("select clipsql.add_model('space', 3)")
    for url in shards:
        assert run(front, "shard", "add", url).exit_code == 0
    put = """
        select clipsql.put_image('c', %s, %s::vector, captions => array['a dog', 'zwei'], metadata => '{"n": 1.5}',
            taken_at => '2025-01-01T12:00Z', longitude => 13.123456789012345, latitude => 52,
            caption_embeddings => array['[1,0,0]', null]::vector[], language => 'de')
    """
    urls = [f"https://example.com/{number}.jpg" for number in range(40)]
    with psycopg.connect(front, autocommit=True) as writer:
        writer.execute("set extra_float_digits = -10; set datestyle = 'SQL, DMY'")
        first = [
            writer.execute(put, (url, str(vectors(number, 2)))).fetchone() for number, url in enumerate(urls)
        ]
        again = [
            writer.execute(put, (url, str(vectors(number, 2)))).fetchone() for number, url in enumerate(urls)
        ]
        assert first == again
        assert len(set(first)) == 40
        for place, shard in enumerate(shards):
            rows = answer(
                shard,
                """
                select i.url, i.metadata, i.longitude, extract(epoch from i.taken_at)::bigint, i.status,
                    array(select c.body || c.language from clipsql.caption as c where c.image_id = i.image_id
                          order by c.caption_id),
                    (select count(*) from clipsql.caption_embedding as e join clipsql.caption as c using (caption_id)
                     where c.image_id = i.image_id)
                from clipsql.image as i
                """,
            )
            assert {row[0] for row in rows} == {url for url in urls if slot_of(url) * 2 // SLOTS == place}
            assert {repr(row[1:]) for row in rows} == {
                repr(({"n": 1.5}, 13.123456789012345, 1735732800, "embedded", ["a dogde", "zweide"], 1))
            }
        # A bad picture is refused as by one server; without a vector it waits on its shard.
        with pytest.raises(psycopg.Error, match=r"3 dimensions|has 2") as raised:
            writer.execute("select clipsql.put_image('c', 'u', '[1,2]'::vector)")
        assert raised.value.sqlstate == "CQ003"
        with pytest.raises(psycopg.Error, match="url is empty") as raised:
            writer.execute("select clipsql.put_image('c', null)")
        assert raised.value.sqlstate == "CQ004"
        waiting = "insert into clipsql.image (collection, url) values ('waits', 'w') returning image_id"
        with psycopg.connect(shards[0]) as connection:
            (image,) = connection.execute(waiting).fetchone() or ()
        with pytest.raises(psycopg.Error, match=r"status pending\) has no embedding") as raised:
            writer.execute("select clipsql.image_vector(%s)", (image,))
        assert raised.value.sqlstate == "CQ002"
        assert answer(front, "select count(*) from clipsql.image") == [(0,)]
        found = writer.execute("select image_id from clipsql.search('[1,2,1]', 100)").fetchall()
        assert sorted(found) == sorted(first)
        gone = [number for row in first[:10] if row for number in row]
        assert writer.execute("select clipsql.remove_images(%s)", ([*gone, 5],)).fetchone() == (10,)
        found = writer.execute("select image_id from clipsql.search('[1,2,1]', 100)").fetchall()
        assert sorted(found) == sorted(first[10:])


def test_add_list_check_and_remove(empty: Callable[..., str]) -> None:
    front, first, second, other = [empty(letter) for letter in "fabo"]
    with psycopg.connect(first) as connection:
        connection.execute("select clipsql.add_model('space', 3), clipsql.put_image('c', 'u', '[1,0,0]')")
    with psycopg.connect(other) as connection:
        connection.execute("select clipsql.add_model('space', 4)")

    def refused(url: str, *arguments: str) -> str:
        done = run(url, "shard", *arguments)
        assert done.exit_code == 1, done.output
        assert "secret" not in done.output
        return " ".join(done.stderr.split())

    assert "a coordinator has none" in refused(first, "add", second)
    with psycopg.connect(front) as connection:
        connection.execute("select clipsql.add_model('space', 3)")
    assert "database itself" in refused(front, "add", front)
    assert "Cannot reach" in refused(front, "add", "postgresql://postgres:secret@127.0.0.1:1/x")
    added = run(front, "shard", "add", first, "--name", "one")
    assert added.exit_code == 0, added.output
    assert "holds 1024 of 1024 slots" in added.stdout
    assert "secret" not in added.output
    assert 'There is a shard "one" already' in refused(front, "add", second, "--name", "one")
    assert 'is shard "one" already' in refused(front, "add", first, "--name", "two")
    assert "has shards of its own" in refused(other, "add", front)
    assert "space is another one there" in refused(front, "add", other, "--name", "two")
    with psycopg.connect(other) as connection:
        connection.execute("delete from clipsql.model")
        connection.execute("select clipsql.add_model('space', 3), clipsql.put_image('c', 'u', '[1,0,0]')")
    assert "has pictures already" in refused(front, "add", other, "--name", "two")
    added = run(front, "shard", "add", second, "--name", "two")
    assert added.exit_code == 0, added.output
    assert answer(second, "select name, dimensions from clipsql.model") == [("space", 3)]
    assert "holds 0 of 1024 slots" in added.stdout
    listed = [json.loads(line) for line in run(front, "shard", "list", "--json").stdout.splitlines()]
    assert [(row["name"], row["slots"], row["pictures"]) for row in listed] == [
        ("one", 1024, 1),
        ("two", 0, 0),
    ]
    assert listed[0]["address"].startswith("127.0.0.1:")
    with psycopg.connect(front) as connection:
        connection.execute("select clipsql.add_model('late', 3)")
    assert "two lacks model late" in run(front, "shard", "check").stdout
    for url in (first, second):
        with psycopg.connect(url) as connection:
            connection.execute("select clipsql.add_model('late', 3)")
    assert run(front, "shard", "check").stdout == "All 2 shards are as they should be.\n"
    assert "holds 1 pictures" in refused(front, "remove", "one")
    assert 'no shard "three"' in refused(front, "remove", "three")
    assert run(front, "shard", "remove", "two").exit_code == 0
    assert run(front, "shard", "remove", "one").exit_code == 0
    assert answer(front, "select count(*) from pg_foreign_server") == [(0,)]
    # A number is given once: pictures of a shard that was removed may lie on others.
    added = run(front, "shard", "add", second, "--name", "again")
    assert added.exit_code == 0, added.output
    put = answer(front, "select clipsql.put_image('c', 'new', '[0,1,0]')")
    assert put[0][0] // 2**40 not in (0, 1)
    assert run(front, "shard", "remove", "again").exit_code == 0
    with psycopg.connect(front) as connection:
        connection.execute("select clipsql.put_image('c', 'u', '[1,0,0]')")
        assert connection.execute("select count(*) from clipsql.search('[1,0,0]')").fetchone() == (1,)
    assert "no shards" in run(front, "shard", "check").stdout


def test_an_ingest_takes_every_picture_to_its_shard(
    empty: Callable[..., str], model_folder: Path, tmp_path: Path
) -> None:
    front, *shards = [empty(letter) for letter in "fab"]
    for name, url in zip("ab", shards, strict=True):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (32, 24), (20 * number, 255 - 20 * number, 90)).save(folder / f"{number}.png")
    (folder / "12.png").write_text("no picture")

    def lie() -> list[set[str]]:
        return [
            {url for (url,) in answer(shard, "select url from clipsql.image where status = 'embedded'")}
            for shard in shards
        ]

    done = run(front, "ingest", folder, "--collection", "photos", "--model", model_folder, "--json")
    assert done.exit_code == 1, done.output  # of the one that is none
    told = json.loads(done.stdout)
    assert (told["added"], told["failed"]) == (12, 1)
    places = lie()
    assert [len(place) for place in places] != [12, 0]
    assert sum(map(len, places)) == 12
    assert all(
        {slot_of(url) * 2 // SLOTS for url in place} <= {number} for number, place in enumerate(places)
    )
    again = json.loads(run(front, "ingest", folder, "--collection", "photos", "--json").stdout)
    assert (again["added"], again["unchanged"]) == (0, 12)
    assert lie() == places
    stats = json.loads(run(front, "stats", "--json").stdout)
    assert (stats["images"], stats["embedded"], stats["failed"]) == (13, 12, 1)
    assert json.loads(run(front, "collection", "list", "--json").stdout)["images"] == 13
    assert run(front, "shard", "check").exit_code == 0
    found = run(front, "search", "image", folder / "3.png", "--include-self", "--max-results", "3", "--json")
    assert json.loads(found.stdout.splitlines()[0])["url"].endswith("/3.png"), found.output
    for refused in (("ingest", folder, "--prune"), ("remove", "5"), ("collection", "drop", "photos")):
        assert "does not reach over shards" in run(front, *refused).stderr
    # Without an encoder pictures wait on their shards, whose workers take them.
    assert run(front, "ingest", folder, "--collection", "later", "--enqueue-only").exit_code in (0, 1)
    waiting = [answer(shard, "select count(*) from clipsql_private.queue")[0][0] for shard in shards]
    assert sum(waiting) >= 12
    assert all(waiting)


def test_many_are_put_with_their_vectors_and_read_with_them(
    empty: Callable[..., str], tmp_path: Path
) -> None:
    front, *shards = [empty(letter) for letter in "fab"]
    for number, url in enumerate((front, *shards)):
        with psycopg.connect(url) as connection:
            connection.execute("select clipsql.add_model('space', 3)")
        if number:
            assert run(front, "shard", "add", url).exit_code == 0
    urls = [f"https://example.com/{number}.jpg" for number in range(50)]
    made = np.random.default_rng(1).standard_normal((50, 3)).astype(np.float32)
    with connect(front) as pictures:
        told: list[int] = []
        facts = {"url": urls, "embedding": made, "captions": [["a"], None] * 25, "metadata": [{"n": 1}] * 50}
        report = pictures.put_many("c", facts, progress=told.append)
        assert (report.added, report.captions, told) == (50, 25, [50])
        again = pictures.put_many("c", facts)
        assert (again.added, again.unchanged) == (0, 50)
        for number in (0, 7, 23):
            assert pictures.search(made[number], max_results=1)[0].url == urls[number]
    for place, shard in enumerate(shards):
        lying = {url for (url,) in answer(shard, "select url from clipsql.image")}
        assert lying == {url for url in urls if slot_of(url) * 2 // SLOTS == place}
    # A list with vectors in a file, one of which is wrong, and a row that tells of no picture.
    lines = [{"url": f"https://example.com/x{number}.jpg", "title": str(number)} for number in range(30)]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, [*lines, {"title": "none"}])))
    beside = np.vstack([made[:3], np.zeros((1, 3)), made[4:30], made[:1]]).astype(np.float32)
    np.save(tmp_path / "vectors.npy", beside)
    done = run(
        front,
        "ingest",
        tmp_path / "list.jsonl",
        "--embeddings",
        tmp_path / "vectors.npy",
        "--collection",
        "x",
        "--json",
    )
    assert (done.exit_code, json.loads(done.stdout)["added"], json.loads(done.stdout)["unusable"]) == (
        1,
        29,
        2,
    ), done.output
    with connect(front) as pictures:
        assert pictures.search(made[11], max_results=1, in_collection="x")[0].url.endswith("x11.jpg")
    lying = [
        url
        for shard in shards
        for (url,) in answer(
            shard, "select url from clipsql.image where collection = 'x' and status = 'embedded'"
        )
    ]
    assert sorted(lying) == sorted(
        f"https://example.com/x{number}.jpg" for number in range(30) if number != 3
    )
    with psycopg.connect(front) as connection, pytest.raises(psycopg.Error, match="is a coordinator"):
        connection.execute("insert into clipsql.image (collection, url) values ('c', 'u')")


def test_batches_of_a_farm_find_their_shards(
    empty: Callable[..., str], model_folder: Path, tmp_path: Path
) -> None:
    front, *shards = [empty(letter) for letter in "fab"]
    engine = create_engine(front)
    register_model(engine, str(model_folder), name="m", dtype="float32")
    for number, url in enumerate(shards):
        assert run(front, "shard", "add", url, "--name", str(number)).exit_code == 0
    files = [tmp_path / f"{number}.png" for number in range(20)]
    for number, file in enumerate(files):
        Image.new("RGB", (32, 24), (12 * number, 255 - 12 * number, 90)).save(file)
    columns = embed_batch([*files, tmp_path / "gone.png"], str(model_folder), dtype="float32")
    for outcome in ("added", "unchanged"):
        done = write_batch(columns, collection="farm", database=front)
        assert list(done["outcome"]) == [outcome] * 20 + ["failed"]
        assert list(done["url"]) == list(columns["url"])
    for place, shard in enumerate(shards):
        lying = {url for (url,) in answer(shard, "select url from clipsql.image where status = 'embedded'")}
        assert lying == {file.as_uri() for file in files if slot_of(file.as_uri()) * 2 // SLOTS == place}
        assert lying
    pictures = Searcher(engine, model="m", dtype="float32")
    found = pictures.search_image(files[3], max_results=20, include_self=True)
    assert (len(found), found[0].url) == (20, files[3].as_uri())
    # A file that a shard has is no answer to itself, whichever it is.
    for file in files[:6]:
        others = pictures.search_image(file, max_results=20)
        assert {match.url for match in others} == {other.as_uri() for other in files} - {file.as_uri()}
    engine.dispose()


def test_slots_move_while_searches_go_on_and_a_move_that_was_killed_is_taken_up(
    empty: Callable[..., str],
) -> None:
    front, first, second, third = [empty(letter) for letter in "fabc"]
    with psycopg.connect(third) as connection:  # under which the model has another number
        connection.execute("select clipsql.add_model('another', 5)")
    for url in (front, first, second, third):
        with psycopg.connect(url) as connection:
            connection.execute("select clipsql.add_model('space', 3)")
    assert run(front, "shard", "add", first, "--name", "one").exit_code == 0
    vectors_of = np.random.default_rng(1).standard_normal((200, 3)).astype(np.float32)
    urls = [f"https://example.com/{number}.jpg" for number in range(200)]
    with connect(front) as pictures:
        captions = [[f"caption {number}"] for number in range(200)]
        of_captions = [[vector] for vector in vectors_of]
        facts = {
            "url": urls,
            "embedding": vectors_of,
            "captions": captions,
            "caption_embeddings": of_captions,
        }
        pictures.put_many("c", facts)
    with psycopg.connect(first) as connection:
        connection.execute(
            "insert into clipsql_private.thumbnail select image_id, 'x', 1, 1 from clipsql.image where image_id % 2 = 0"
        )
        connection.execute(
            "insert into clipsql.image (collection, url, status) values ('waits', 'later', 'pending')"
        )
    answer(
        first,
        "update clipsql_private.queue set is_checked = true, is_fresh = false, file_to_read = 'x' returning 1",
    )
    facts_of = """
        select i.image_id, i.collection, i.url, i.status, (
            select string_agg(c.caption_id || c.body || coalesce(e.embedding::text, ''), ';')
            from clipsql.caption as c left join clipsql.caption_embedding as e using (caption_id)
            where c.image_id = i.image_id),
            (select t.jpeg from clipsql_private.thumbnail as t where t.image_id = i.image_id),
            (select e.embedding::text from clipsql.image_embedding as e join clipsql.model as m using (model_id)
             where e.image_id = i.image_id and m.name = 'space'),
            (select string_agg(concat(q.is_checked, q.is_fresh, q.file_to_read), ';')
             from clipsql_private.queue as q where q.image_id = i.image_id)
        from clipsql.image as i
    """

    def lying(*shards: str) -> list[tuple[Any, ...]]:
        return sorted((row for shard in shards for row in answer(shard, facts_of)), key=lambda row: row[0])

    before = lying(first)
    asked = "select image_id from clipsql.search('[1,2,3]', 1000) order by rank"
    wanted = answer(front, asked)
    assert len(wanted) == 200
    for url, name in ((second, "two"), (third, "three")):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    found: list[int] = []
    wrong: list[Any] = []
    stop = threading.Event()

    def search() -> None:
        with psycopg.connect(front, autocommit=True) as session:
            while not stop.is_set():
                rows = session.execute(asked).fetchall()
                found.append(len(rows))
                if rows != wanted:
                    wrong.append(rows)
                time.sleep(0.02)

    searching = threading.Thread(target=search)
    searching.start()
    try:
        # Killed between a copy and its switch, a switch and what is removed, and wherever it just is.
        for stage in ("copied", "switched", 0.2, 0.5):
            command = [sys.executable, str(Path(__file__).with_name("killed_move.py")), str(stage)]
            killed = subprocess.run(command, env={**os.environ, "CLIPSQL_DATABASE_URL": front}, check=False)
            assert killed.returncode == -signal.SIGKILL
            if stage in ("copied", "switched"):
                checked = run(front, "shard", "check")
                assert "pictures that lie elsewhere" in checked.stdout
        moved = run(front, "shard", "rebalance")
        assert moved.exit_code == 0, moved.output
    finally:
        stop.set()
        searching.join()
    assert (wrong, set(found)) == ([], {200})
    assert len(found) > 5
    assert lying(first, second, third) == before
    listed = [json.loads(line) for line in run(front, "shard", "list", "--json").stdout.splitlines()]
    assert sorted(row["slots"] for row in listed) == [341, 341, 342]
    assert all(row["problems"] == [] and row["pictures"] > 30 for row in listed)
    assert run(front, "shard", "rebalance").stdout == "0 of 1024 slots were moved.\n"
    # A writer waits for a move, and a move for a writer.
    with psycopg.connect(front) as writer:
        writer.execute("select clipsql.put_image('c', 'held', '[1,1,1]')")
        with psycopg.connect(front) as mover:
            mover.execute("set lock_timeout = 100")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                mover.execute("lock table clipsql_private.slot in exclusive mode")
    drained = run(front, "shard", "remove", "one", "--drain")
    assert drained.exit_code == 0, drained.output
    assert lying(first) == []
    assert [row[:8] for row in lying(second, third) if row[2] != "held"] == before
    assert set(answer(front, asked)) > set(wanted)


def test_no_picture_is_missed_however_often_slots_are_switched(empty: Callable[..., str]) -> None:
    front, first, second = [empty(letter) for letter in "fab"]
    for url in (front, first, second):
        answer(url, "select clipsql.add_model('space', 3)")
    for url, name in ((first, "one"), (second, "two")):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    # As in the middle of a move: every picture is on both.
    for url in (first, second):
        answer(
            url,
            "with i as (insert into clipsql.image (image_id, collection, url, status) overriding system value"
            " select g, 'c', 'https://x.example/' || g, 'embedded' from generate_series(1, 50) as g returning image_id)"
            " insert into clipsql.image_embedding (image_id, model_id, embedding)"
            " select image_id, 1, '[1,0,0]' from i returning 1",
        )
    switch = "update clipsql_private.slot set shard_id = 1 - shard_id, moved_at = clock_timestamp() where shard_id < 2"
    stop = threading.Event()

    def switching() -> None:
        with psycopg.connect(front, autocommit=True) as session:
            while not stop.wait(0.01):
                session.execute(switch)

    mover = threading.Thread(target=switching)
    mover.start()
    try:
        with psycopg.connect(front, autocommit=True) as session:
            found = {
                len(session.execute("select image_id from clipsql.search('[1,0,0]', 100)").fetchall())
                for _ in range(300)
            }
    finally:
        stop.set()
        mover.join()
    assert found == {50}


def test_counts_over_shards_are_those_of_one_server(sharded: Sharded) -> None:
    here, there = create_engine(sharded.front), create_engine(sharded.whole)
    try:
        wanted = stats.collection_stats(there)
        assert [row for row in wanted if row["first_taken_at"] != row["last_taken_at"]]
        assert stats.collection_stats(here) == wanted
        assert stats.list_collections(here) == stats.list_collections(there) != []
        for url in (sharded.whole, *sharded.shards):
            failed = (
                "update clipsql.image set status = 'failed', failure = 'timeout', error = 'x' where url ~ %s"
            )
            answer(url, f"{failed} returning 1", "/1[0-9]*.jpg")
        wanted = stats.failure_stats(there)
        assert len(wanted) == len(COLLECTIONS)
        assert stats.failure_stats(here) == wanted
    finally:
        for url in (sharded.whole, *sharded.shards):
            answer(
                url,
                "update clipsql.image set status = 'embedded', failure = null, error = null"
                " where status = 'failed' returning 1",
            )
        here.dispose()
        there.dispose()


def test_slots_move_as_few_as_must() -> None:
    def after(places: dict[int, int], shards: Sequence[int]) -> tuple[int, list[int]]:
        made = moving._moves(places, shards)
        assert all(places[slot] == old != new for slot, old, new in made)
        places |= {slot: new for slot, _, new in made}
        assert moving._moves(places, shards) == []
        return len(made), [Counter(places.values())[number] for number in range(4)]

    places = dict.fromkeys(range(SLOTS), 0)
    assert after(places, [0, 1, 2]) == (682, [342, 341, 341, 0])
    assert after(places, [0, 1, 2, 3]) == (256, [256, 256, 256, 256])
    assert after(places, [1, 2, 3]) == (256, [0, 342, 341, 341])
    # Whoever holds one more than the others keeps it.
    places = {slot: slot * 3 // SLOTS for slot in range(SLOTS)}
    places = {slot: 2 - number for slot, number in places.items()}
    assert after(places, [0, 1, 2])[0] == 0
    with pytest.raises(DatabaseNotReady, match="No shard would be left"):
        moving._moves(places, [])


@pytest.fixture
def one_and_two(empty: Callable[..., str]) -> tuple[str, str, str]:
    """A coordinator with 40 pictures on its shard "one", and an empty "two"."""
    front, first, second = [empty(letter) for letter in "fab"]
    for url in (front, first, second):
        answer(url, "select clipsql.add_model('space', 3)")
    assert run(front, "shard", "add", first, "--name", "one").exit_code == 0
    with connect(front) as pictures:
        made = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)
        pictures.put_many("c", {"url": [f"u{number}" for number in range(40)], "embedding": made})
    assert run(front, "shard", "add", second, "--name", "two").exit_code == 0
    return front, first, second


def test_who_writes_and_who_moves_wait_for_each_other(
    one_and_two: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    front, first, second = one_and_two
    monkeypatch.setattr(moving, "_WAIT", "300ms")
    for url in one_and_two:
        with psycopg.connect(url, autocommit=True) as owner:
            name = sql.Identifier(owner.info.dbname)
            owner.execute(
                sql.SQL("alter database {} set idle_in_transaction_session_timeout = 1000").format(name)
            )
    engine = create_engine(front)
    with placing(engine) as placed:
        assert placed is not None
        assert placed.slots == [0] * SLOTS
        time.sleep(1.3)  # a server may end transactions that do nothing for long
        refused = run(front, "shard", "rebalance")
        assert refused.exit_code == 1
        assert "An ingest or another move holds the slots" in refused.stderr
    engine.dispose()
    # A change of a picture where it was, which a move waits for, goes with it.
    with psycopg.connect(first) as worker:
        worker.execute("set idle_in_transaction_session_timeout = 0")
        worker.execute("""update clipsql.image set metadata = '{"n": 1}'""")
        done: list[Result] = []
        mover = threading.Thread(target=lambda: done.append(run(front, "shard", "rebalance")))
        mover.start()
        locked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while answer(first, locked) == [(0,)]:
            assert mover.is_alive()
        time.sleep(1.3)
    mover.join()
    assert [(one.exit_code, one.stdout) for one in done] == [(0, "512 of 1024 slots were moved.\n")]
    rows = [
        answer(url, "select count(*) filter (where metadata ? 'n'), count(*) from clipsql.image")
        for url in (first, second)
    ]
    assert sum(count for ((_, count),) in rows) == 40
    assert all(known == count > 0 for ((known, count),) in rows)


def test_what_lies_where_a_picture_moves_to_gives_way(one_and_two: tuple[str, str, str]) -> None:
    front, first, second = one_and_two
    before = answer(front, "select image_id, url from clipsql.search('[1,2,3]', 100)")
    stray = (
        "insert into clipsql.image (collection, url, status) select 'c', 'u' || g, 'pending'"
        " from generate_series(0, 39) as g on conflict do nothing returning 1"
    )
    told: list[tuple[int, int]] = []

    def on_moved(moved: int, total: int) -> None:
        if not told:
            answer(second, stray)
        told.append((moved, total))

    engine = create_engine(front)
    assert moving.rebalance(engine, on_moved=on_moved) == 512
    assert told == [(moved, 512) for moved in range(16, 513, 16)]
    # What lies there beside its slot is told of, and gives way to the next run.
    assert 'run "clipsql shard rebalance"' in run(front, "shard", "check").stdout
    assert moving.rebalance(engine) == 0
    engine.dispose()
    assert run(front, "shard", "check").exit_code == 0
    assert answer(front, "select image_id, url from clipsql.search('[1,2,3]', 100)") == before
    lying = [
        image for url in (first, second) for image in answer(url, "select image_id, url from clipsql.image")
    ]
    assert sorted(lying) == sorted(before)


def test_a_move_that_cannot_be_says_why(one_and_two: tuple[str, str, str]) -> None:
    front, first, _ = one_and_two
    answer(first, "select clipsql.add_model('more', 4)")
    lacks = run(front, "shard", "rebalance")
    assert lacks.exit_code == 1
    assert "Shard two lacks model more, which shard one has" in " ".join(lacks.stderr.split())
    assert run(front, "shard", "remove", "two").exit_code == 0
    last = run(front, "shard", "remove", "one", "--drain")
    assert "No shard would be left to hold the pictures" in last.stderr
    assert answer(front, "select count(*) from clipsql.search('[1,2,3]', 100)") == [(40,)]


def test_a_shard_that_cannot_be_reached_goes_when_it_holds_nothing(
    one_and_two: tuple[str, str, str], two: list[Server]
) -> None:
    front, _, second = one_and_two
    name = str(psycopg.conninfo.conninfo_to_dict(second)["dbname"])
    answer(front, "update clipsql_private.slot set shard_id = 1 where slot < 10 returning 1")
    with psycopg.connect(two[0].url("postgres"), autocommit=True) as owner:
        owner.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    refused = run(front, "shard", "remove", "two")
    assert refused.exit_code == 1
    assert "Shard two gives no answer" in refused.stderr
    answer(front, "update clipsql_private.slot set shard_id = 0 returning 1")
    assert run(front, "shard", "remove", "two").exit_code == 0
    assert answer(front, "select count(*) from clipsql.search('[1,2,3]', 100)") == [(40,)]


def test_empty_shards_share_the_slots_again_when_one_goes(empty: Callable[..., str]) -> None:
    front, *shards = [empty(letter) for letter in "fabc"]
    for url, name in zip(shards, ("one", "two", "three"), strict=True):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    assert run(front, "shard", "remove", "two").exit_code == 0
    listed = [json.loads(line) for line in run(front, "shard", "list", "--json").stdout.splitlines()]
    assert [(row["name"], row["slots"]) for row in listed] == [("one", 512), ("three", 512)]


def test_a_shard_whose_numbers_or_revision_or_weights_are_others_is_told_of(
    empty: Callable[..., str], model_folder: Path
) -> None:
    front, first = empty("f"), empty("a")
    put = (
        "insert into clipsql.image (image_id, collection, url) overriding system value values (%s, 'c', 'u')"
    )
    answer(first, f"{put} returning 1", 2**40)
    refused = run(front, "shard", "add", first, "--name", "one")
    assert "numbers of clipsql.image there are too great" in " ".join(refused.stderr.split())
    answer(first, "delete from clipsql.image returning 1")
    for url in (front, first):
        engine = create_engine(url)
        register_model(engine, str(model_folder), name="m")
        engine.dispose()
    assert run(front, "shard", "add", first, "--name", "one").exit_code == 0
    assert run(front, "shard", "check").exit_code == 0
    answer(first, "update clipsql_private.revision set version_num = '0001' returning 1")
    assert "Shard one is at revision 0001, this database at 0" in run(front, "shard", "check").stdout
    engine = create_engine(front)
    with writing(engine) as connection:
        driver = driver_connection(connection)
        told = next(iter(descriptions(driver).values()))["answer"]
        assert model_problems(driver, told) == []
        [model] = told["models"]
        model["probe"] = str([-number for number in json.loads(model["probe"])])
        [problem] = model_problems(driver, told)
        assert "model m has other weights there" in problem
    engine.dispose()


def wait_until_answered(url: str, question: str) -> None:
    """Wait until a shard has answered a question of its coordinator."""
    asked = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and query like %s and state = 'idle'"
    )
    for _ in range(200):
        if answer(url, asked, f"%{question}(%") == [(1,)]:
            return
        time.sleep(0.02)
    raise AssertionError(f"{question} has no answer")


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        pytest.param("vector_as_shard", "select clipsql.image_vector(1)::text", id="vector"),
        pytest.param("answer_as_shard", "select url from clipsql.search('[1,0,0]')", id="search"),
        pytest.param(
            "content_as_shard", "select clipsql_private.content_of_shards(sha256('\\x01'))", id="content"
        ),
    ],
)
def test_what_moves_meanwhile_is_found(
    empty: Callable[..., str], two: list[Server], question: str, asked: str
) -> None:
    front, first = empty("f"), empty("a")
    second = two[1].database(f"moves_{question}", template="template")
    for url in (front, first, second):
        answer(url, "select clipsql.add_model('space', 3)")
    for url, name in ((first, "one"), (second, "two")):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    # Whatever its slot, it lies on the second one, which is asked last.
    answer(front, "update clipsql_private.slot set shard_id = 1 returning 1")
    put = (
        "with i as (insert into clipsql.image (image_id, collection, url, status, sha256) overriding system value"
        " values (%(id)s, 'c', 'u' || %(id)s, %(status)s, sha256(('\\x0' || %(id)s)::bytea))"
        " returning image_id, status)"
        " insert into clipsql.image_embedding (image_id, model_id, embedding)"
        " select image_id, 1, '[1,0,0]' from i where status = 'embedded' returning image_id"
    )
    answer(second, put, id=1, status="embedded")
    answer(first, put, id=2, status="embedded")  # so that it has something to look through
    found: list[Any] = []
    wanted = answer(front, asked)
    assert len(wanted) == 1
    with psycopg.connect(second) as moving:
        moving.execute("lock table pg_catalog.pg_authid in access exclusive mode")  # nobody can connect
        search = threading.Thread(target=lambda: found.append(answer(front, asked)))
        search.start()
        wait_until_answered(first, question)  # that it has not got it
        answer(first, put, id=1, status="embedded")
        answer(
            front, "update clipsql_private.slot set shard_id = 0, moved_at = clock_timestamp() returning 1"
        )
        moving.execute("delete from clipsql.image")
    search.join()
    answer(first, "delete from clipsql.image where image_id = 2 returning 1")
    assert [rows[:1] for rows in found] == [wanted]
    # What a move that broke off left does not count, whatever it is.
    answer(second, put, id=1, status="pending")
    assert answer(front, asked) == wanted


def test_a_shard_that_comes_while_others_are_asked_is_none_of_them(
    empty: Callable[..., str], two: list[Server]
) -> None:
    front, first = empty("f"), empty("a")
    second = two[1].database("asked_last", template="template")
    for url in (front, first, second):
        answer(url, "select clipsql.add_model('space', 3)")
    for url, name in ((first, "one"), (second, "two")):
        assert run(front, "shard", "add", url, "--name", name).exit_code == 0
    answer(front, "select clipsql.put_image('c', 'u', '[1,0,0]')")
    asked = "select url from clipsql.search('[1,0,0]')"
    found: list[Any] = []
    with psycopg.connect(second) as blocking:
        blocking.execute("lock table pg_catalog.pg_authid in access exclusive mode")
        search = threading.Thread(target=lambda: found.append(answer(front, asked)))
        search.start()
        wait_until_answered(first, "answer_as_shard")
        answer(
            front, "insert into clipsql_private.shard (name, server) values ('three', 'nowhere') returning 1"
        )
    search.join()
    assert found == [[("u",)]]


def test_a_shard_that_was_just_added_answers_before_it_has_the_models(empty: Callable[..., str]) -> None:
    front, first, second = [empty(letter) for letter in "fab"]
    for url in (front, first):
        answer(url, "select clipsql.add_model('space', 3)")
    answer(first, "select clipsql.put_image('c', 'u', '[1,0,0]')")
    engine = create_engine(front)
    for url, name in ((first, "one"), (second, "two")):
        add_shard(engine, url, name=name)
    engine.dispose()
    asked = "select url, percentile, percentile_error from clipsql.search('[1,0,0]', in_collection => 'c')"
    assert answer(front, asked) == [("u", 0, 0)]
    (image,) = answer(front, "select image_id from clipsql.search('[1,0,0]')")[0]
    assert answer(front, "select clipsql.image_vector(%s)::text", image) == [("[1,0,0]",)]


def test_the_commands_of_the_page_work_as_they_stand(
    empty: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {name: empty(name[0].lower()) for name in ("COORDINATOR", "NORTH", "SOUTH", "EAST")}
    (tmp_path / "photos").mkdir()
    for number in range(8):
        Image.new("RGB", (32, 24), (30 * number, 255 - 30 * number, 90)).save(
            tmp_path / "photos" / f"{number}.png"
        )
    blocks = [*examples("Begin", "shards.md"), *examples("When a shard is down", "shards.md")]
    blocks += examples("Another shard", "shards.md")
    monkeypatch.chdir(tmp_path)
    told = ""
    for line in "".join(blocks).splitlines():
        program, *words = shlex.split(Template(line).substitute(urls))
        if program == "psql":
            rows = answer(words[0], words[4], before=words[2])
            assert len(rows) == 8
        elif program == "clipsql":
            further = ["--model", MODEL_FOLDER] if words[0] == "ingest" else []
            done = run(urls["COORDINATOR"], *words, *further)
            assert done.exit_code == 0, (line, done.output)
            told += done.output
        else:
            assert line == 'export CLIPSQL_DATABASE_URL="$COORDINATOR"'
    assert "All 2 shards are as they should be." in told
    assert "secret" not in told
    rows = answer(urls["COORDINATOR"], "select url from clipsql.search_text('a red truck', 20)")
    assert len(rows) == 8
