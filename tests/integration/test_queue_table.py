"""The table behind the queue: who waits for what, what a lease touches, and what leaves it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from integration.filling import new_model
from psycopg import sql
from sqlalchemy.engine import Engine, make_url

from clipsql.db.models import ModelRow, remove_model
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.pictures.lookups import stored_pictures
from clipsql.db.pictures.records import PictureWrite, StoredPicture
from clipsql.db.pictures.writing import write_pictures
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.picture import PictureRecord

FIRST = Lease(worker="pictures-host-1:123456:0123abcd", seconds=60)
SECOND = Lease(worker="pictures-host-2:123456:4567cdef", seconds=60)
NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Driver]:
    with autocommit_connection(engine) as connection:
        yield connection


@pytest.fixture
def models(engine: Engine) -> tuple[ModelRow, ModelRow]:
    return new_model(engine, name="a", dimensions=3), new_model(engine, name="b", dimensions=3)


def enqueue(
    connection: Driver,
    model: ModelRow | None,
    urls: Sequence[str] = ("x", "y", "z"),
    *,
    collection: str = "c",
    is_checked: bool = False,
) -> None:
    """Let pictures wait for a model, as an ingest does."""
    stored = dict(
        connection.execute("select url, image_id from clipsql.image where collection = %s", (collection,))
    )
    writes = [
        PictureWrite(
            picture=PictureRecord(url),
            stored=_stored(stored[url], url) if url in stored else None,
            is_checked=is_checked,
        )
        for url in urls
    ]
    write_pictures(connection, writes, collection=collection, model=model)


def _stored(image_id: int, url: str) -> StoredPicture:
    return StoredPicture(
        image_id=image_id,
        picture=PictureRecord(url),
        captions=(),
        is_embedded=False,
        is_checked=False,
        has_thumbnail=False,
    )


def embedded(stored: StoredPicture, **facts: Any) -> PictureWrite:
    """What a worker makes of a picture that it claimed."""
    return PictureWrite(
        picture=replace(stored.picture, status="embedded", sha256=bytes(32), **facts),
        stored=stored,
        embedding=np.array([1, 0, 0], np.float32),
    )


def waiting(connection: Driver) -> list[Any]:
    """(url, model_id, worker) of every row of the queue."""
    return connection.execute(
        "select i.url, q.model_id, q.leased_by from clipsql_private.queue as q"
        " join clipsql.image as i using (image_id) order by i.image_id, q.model_id"
    ).fetchall()


def updates(connection: Driver) -> dict[str, tuple[int, int]]:
    """By table, the updates of rows so far, and those of them that touched no index."""
    connection.execute("select pg_stat_force_next_flush()")
    rows = connection.execute(
        "select relname, n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname in ('image', 'queue')"
    )
    return {table: (all_of_them, without_index) for table, all_of_them, without_index in rows}


# Leases


@pytest.mark.parametrize(
    ("held", "least"),
    [
        pytest.param(16, 1.0, id="in a page with room"),
        # All rows of a page at once, with the version of before still there: the room is for most.
        pytest.param(512, 0.85, id="in full pages"),
    ],
)
def test_a_lease_writes_no_row_of_image_and_no_index(
    connection: Driver, models: tuple[ModelRow, ModelRow], held: int, least: float
) -> None:
    enqueue(connection, models[0], [f"https://h.example/{number}" for number in range(held)])
    versions = "select image_id, ctid, xmin::text from clipsql.image order by image_id"
    before = connection.execute(versions).fetchall()
    assert updates(connection) == {"image": (0, 0), "queue": (0, 0)}
    claimed = queue.claim(connection, Scope(model=models[0]), FIRST, limit=held)
    image_ids = [stored.image_id for stored in claimed]
    queue.renew(connection, image_ids, FIRST)
    queue.give_back(connection, image_ids, FIRST)
    assert connection.execute(versions).fetchall() == before
    after = updates(connection)
    assert after["image"] == (0, 0)
    assert after["queue"][0] == 3 * held
    assert after["queue"][1] >= least * 3 * held


def test_the_oldest_are_leased_first_and_those_of_this_model_before_those_of_any(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, None, ["any 1", "any 2"])
    enqueue(connection, models[0], ["own 1", "own 2"])
    enqueue(connection, models[1], ["other"])
    connection.execute("update clipsql.image set status = 'failed' where url = 'own 1'")
    connection.execute(
        "delete from clipsql_private.queue where image_id = (select image_id from clipsql.image where url = 'own 1')"
    )
    enqueue(connection, models[0], ["own 1"])  # again, behind the other
    leased = [
        queue.claim(connection, Scope(model=models[0]), FIRST, limit=1)[0].picture.url for _ in range(4)
    ]
    assert leased == ["own 2", "own 1", "any 1", "any 2"]
    assert queue.claim(connection, Scope(model=models[0]), FIRST, limit=1) == []
    assert not queue.is_empty(connection, Scope(model=models[1]))


def test_a_queue_is_empty_for_whom_nothing_waits(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, models[1], ["x"])
    assert queue.is_empty(connection, Scope(model=models[0]))
    assert queue.is_empty(connection, Scope(model=None))
    assert queue.is_empty(connection, Scope(model=models[1], collection="other"))
    assert not queue.is_empty(connection, Scope(model=models[1], collection="c"))
    enqueue(connection, None, ["y"])
    assert not queue.is_empty(connection, Scope(model=models[0]))
    assert not queue.is_empty(connection, Scope(model=None))


# Models


def test_a_picture_may_wait_for_two_models_and_each_takes_it_once(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    a, b = models
    enqueue(connection, a, ["x"])
    enqueue(connection, b, ["x"])
    enqueue(connection, b, ["x"])
    assert waiting(connection) == [("x", a.model_id, None), ("x", b.model_id, None)]
    (of_a,) = queue.claim(connection, Scope(model=a), FIRST, limit=9)
    (of_b,) = queue.claim(connection, Scope(model=b), SECOND, limit=9)
    assert queue.settle(connection, [embedded(of_a)], FIRST, model=a) == {of_a.image_id}
    assert waiting(connection) == [("x", b.model_id, SECOND.worker)]
    # Both began before either had an idea of the content, which is the same.
    assert queue.settle(connection, [embedded(of_b)], SECOND, model=b) == {of_b.image_id}
    assert waiting(connection) == []
    models_of = "select model_id from clipsql.image_embedding order by 1"
    assert connection.execute(models_of).fetchall() == [(a.model_id,), (b.model_id,)]


def test_another_content_that_a_worker_under_another_model_brings_replaces_the_vectors_of_the_first(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    a, b = models
    for model in models:
        enqueue(connection, model, ["x"])
    (of_a,) = queue.claim(connection, Scope(model=a), FIRST, limit=9)
    (of_b,) = queue.claim(connection, Scope(model=b), SECOND, limit=9)
    queue.settle(connection, [embedded(of_a)], FIRST, model=a)
    write = embedded(of_b)
    changed = replace(write, picture=replace(write.picture, sha256=b"changed".ljust(32)))
    queue.settle(connection, [changed], SECOND, model=b)
    assert connection.execute("select model_id from clipsql.image_embedding").fetchall() == [(b.model_id,)]


def test_a_failure_under_another_model_leaves_the_vectors_of_the_first(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    a, b = models
    for model in models:
        enqueue(connection, model, ["x"])
    (of_a,) = queue.claim(connection, Scope(model=a), FIRST, limit=9)
    (of_b,) = queue.claim(connection, Scope(model=b), SECOND, limit=9)
    queue.settle(connection, [embedded(of_a)], FIRST, model=a)
    failed = replace(of_b.picture, status="failed", failure="timeout", error="too slow")
    queue.settle(connection, [PictureWrite(picture=failed, stored=of_b)], SECOND, model=b)
    assert connection.execute("select model_id from clipsql.image_embedding").fetchall() == [(a.model_id,)]


def test_a_picture_that_waits_for_any_model_and_for_one_is_embedded_once(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, None, ["x"])
    (for_any,) = queue.claim(connection, Scope(model=models[0]), FIRST, limit=9)
    enqueue(connection, models[0], ["x"])
    (for_one,) = queue.claim(connection, Scope(model=models[0]), SECOND, limit=9)
    assert queue.settle(connection, [embedded(for_one)], SECOND, model=models[0]) == {for_one.image_id}
    assert queue.settle(connection, [embedded(for_any)], FIRST, model=models[0]) == set()
    assert waiting(connection) == []


def test_a_worker_that_slept_while_another_did_its_work_adds_nothing_to_it(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    model, _ = models
    enqueue(connection, model, ["x"])
    connection.execute("insert into clipsql.caption (image_id, body) select image_id, 'c' from clipsql.image")
    (slept,) = queue.claim(connection, Scope(model=model), replace(FIRST, seconds=-1), limit=9)
    told = {"caption_embeddings": [(slept.captions[0].caption_id, np.array([0, 1, 0], np.float32))]}
    (stored,) = queue.claim(connection, Scope(model=model), SECOND, limit=9)
    queue.settle(connection, [replace(embedded(stored), **told)], SECOND, model=model)
    # It waits again, and the one that slept leases it while it still has it in hand.
    enqueue(connection, model, ["x"])
    queue.claim(connection, Scope(model=model), FIRST, limit=9)
    other = {**told, "embedding": np.array([0, 0, 1], np.float32)}
    assert queue.settle(connection, [replace(embedded(slept), **other)], FIRST, model=model) == {
        slept.image_id
    }
    assert waiting(connection) == []
    for table in ("image", "caption"):
        vectors = connection.execute(
            f"select embedding::text from clipsql.{table}_embedding".encode()
        ).fetchall()
        assert vectors == [("[1,0,0]" if table == "image" else "[0,1,0]",)]


def test_what_waited_for_a_removed_model_waits_for_any(
    engine: Engine, connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, models[0], ["x", "y"])
    enqueue(connection, models[1], ["x"])
    for model in models:
        remove_model(engine, model.name)
    assert {(url, model_id) for url, model_id, _ in waiting(connection)} == {("x", None), ("y", None)}
    last = new_model(engine, name="last", dimensions=3)
    claimed = queue.claim(connection, Scope(model=last), FIRST, limit=9)
    assert [stored.picture.url for stored in claimed] == ["x", "y"]
    queue.settle(connection, [embedded(stored) for stored in claimed], FIRST, model=last)
    assert waiting(connection) == []


def test_what_is_written_as_embedded_waits_for_that_model_no_more(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    for model in (None, *models):
        enqueue(connection, model, ["x"])
    (image_id,) = connection.execute("select image_id from clipsql.image").fetchone()  # type: ignore[misc]
    write_pictures(connection, [embedded(_stored(image_id, "x"))], collection="c", model=models[0])
    assert waiting(connection) == [("x", models[1].model_id, None)]


def test_a_picture_is_looked_at_again_when_an_ingest_asks_for_it(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    checked = "select is_checked from clipsql_private.queue"
    enqueue(connection, models[0], ["x"], is_checked=True)
    enqueue(connection, models[0], ["x"], is_checked=True)
    assert connection.execute(checked).fetchall() == [(True,)]
    enqueue(connection, models[0], ["x"], is_checked=False)
    assert connection.execute(checked).fetchall() == [(False,)]
    enqueue(connection, models[0], ["x"], is_checked=True)  # nobody has looked yet
    assert connection.execute(checked).fetchall() == [(False,)]


@pytest.mark.parametrize("asked", [0, 1])
def test_the_file_that_any_ingest_asked_for_is_known_whichever_model_it_was_for(
    connection: Driver, models: tuple[ModelRow, ModelRow], asked: int
) -> None:
    enqueue(connection, None, ["x", "done"])
    enqueue(connection, models[0], ["x"])
    place = "model_id is null" if asked else "model_id is not null"
    connection.execute(
        sql.SQL("update clipsql_private.queue set file_to_read = '/tmp/caf\\351' where {}").format(
            sql.SQL(place)
        )
    )
    connection.execute("delete from clipsql_private.queue where image_id = 2")
    known = stored_pictures(connection, collection="c", urls=["x", "done"], model=models[0])
    assert known["x"].file_to_read == Path(os.fsdecode(b"/tmp/caf\xe9"))
    assert (known["x"].is_checked, known["done"].is_checked) == (False, True)
    assert stored_pictures(connection, collection="c", urls=["x"], model=models[1])["x"].file_to_read == (
        known["x"].file_to_read if asked else None
    )


# What SQL does to the rows of images


def test_whoever_may_write_images_queues_them_without_a_right_to_the_queue(
    engine: Engine, connection: Driver
) -> None:
    role = f"clipsql_test_app_{os.getpid()}"
    connection.execute(sql.SQL("create role {} login password 'writes'").format(sql.Identifier(role)))
    try:
        for grant in ("usage on schema clipsql", "select, insert, update, delete on clipsql.image"):
            connection.execute(sql.SQL(f"grant {grant} to {{}}").format(sql.Identifier(role)))
        url = make_url(engine.url).set(drivername="postgresql", username=role, password="writes")
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as app:
            app.execute(
                "insert into clipsql.image (collection, url, status) values"
                " ('c', 'new', 'pending'), ('c', 'done', 'embedded')"
            )
            assert waiting(connection) == [("new", None, None)]
            app.execute("update clipsql.image set status = 'pending' where url = 'done'")
            assert waiting(connection) == [("new", None, None), ("done", None, None)]
            app.execute("update clipsql.image set status = 'pending'")
            assert len(waiting(connection)) == 2
            app.execute("delete from clipsql.image")
            assert waiting(connection) == []
            with app.transaction():
                app.execute(
                    "insert into clipsql.image (collection, url) values ('c', 'failed'), ('c', 'gone')"
                )
                app.execute("update clipsql.image set status = 'failed' where url = 'failed'")
                app.execute("delete from clipsql.image where url = 'gone'")
            assert waiting(connection) == []
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("select from clipsql_private.queue")
    finally:
        connection.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def test_readers_see_nothing_of_the_queue(connection: Driver) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("set local role clipsql_reader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from clipsql_private.queue")


def test_a_picture_moved_to_another_collection_waits_there(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, models[0], ["x", "y"])
    connection.execute("update clipsql.image set collection = 'other' where url = 'y'")
    claimed = queue.claim(connection, Scope(model=models[0], collection="other"), FIRST, limit=9)
    assert [stored.picture.url for stored in claimed] == ["y"]


# Settling


def test_what_a_row_says_when_it_is_settled_wins_over_what_the_picture_says(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, models[0], ["told", "silent"])
    claimed = queue.claim(connection, Scope(model=models[0]), FIRST, limit=9)
    connection.execute(
        "update clipsql.image set taken_at = %s, longitude = 13, latitude = 0, metadata = '{\"k\": 1}'"
        " where url = 'told'",
        (NOON,),
    )
    later = NOON + dt.timedelta(days=1)
    writes = [embedded(stored, taken_at=later, longitude=0.0, latitude=52.0) for stored in claimed]
    queue.settle(connection, writes, FIRST, model=models[0])
    assert connection.execute(
        "select url, taken_at, longitude, latitude, metadata from clipsql.image order by image_id"
    ).fetchall() == [("told", NOON, 13, 0, {"k": 1}), ("silent", later, 0, 52, {})]


def test_a_picture_that_was_only_checked_waits_on_without_a_lease(
    connection: Driver, models: tuple[ModelRow, ModelRow]
) -> None:
    enqueue(connection, models[0], ["x"])
    connection.execute("update clipsql_private.queue set lost_workers = 1")
    scope = Scope(model=models[0], only_unchecked=True)
    (stored,) = queue.claim(connection, scope, FIRST, limit=9)
    assert not stored.is_checked
    checked = PictureWrite(picture=replace(stored.picture, sha256=bytes(32)), stored=stored)
    assert queue.settle(connection, [checked], FIRST, model=models[0]) == {stored.image_id}
    assert waiting(connection) == [("x", models[0].model_id, None)]
    assert connection.execute("select lost_workers from clipsql_private.queue").fetchall() == [(0,)]
    assert queue.claim(connection, scope, FIRST, limit=9) == []
    (again,) = queue.claim(connection, Scope(model=models[0]), FIRST, limit=9)
    assert again.is_checked
