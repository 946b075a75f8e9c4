"""Whatever is done to an attached table, in any order, with workers that die: status and vectors are its rows'."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from integration.filling import new_model
from pgvector.psycopg import register_vector
from sqlalchemy.engine import URL, Engine

from clipsql.db import attached_rows
from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.pictures.records import PictureWrite, StoredPicture
from clipsql.db.statements import autocommit_connection
from clipsql.ingest.attached import AttachedTables

STEPS = int(os.environ.get("CLIPSQL_ATTACHED_STEPS", "400"))
"""In all. The long run: CLIPSQL_ATTACHED_STEPS=10000, each time another with --hypothesis-profile=search."""
KEYS = st.integers(1, 12)
FAILURES = {"bad": "bad_url", "slow": "timeout"}
URLS = st.one_of(
    st.none(),
    st.just(" "),
    st.integers(1, 60).map(lambda n: f"https://h.example/{n}"),
    st.sampled_from(sorted(FAILURES)),
)
TITLES = st.sampled_from([None, "a", "b"])
WORKERS = st.integers(0, 1)
NUMBERS = itertools.count()
UPSERT = "insert into thing values (%s, %s, null, %s) on conflict (id) do update set front = excluded.front"
REFUSED = (psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable)
UNSEEN = "update clipsql_private.attachment set reconciled_at = null"


def vector_of(url: str) -> Any:
    """What the model of this test makes of the picture at an address."""
    found = np.random.default_rng(list(url.encode())).normal(size=8)
    return (found / np.linalg.norm(found)).astype(np.float32)


class AWorker:
    """Takes pictures, makes their vectors and keeps tables up, step by step, until its connection is ended."""

    def __init__(self, engine: Engine, model: ModelRow) -> None:
        self._model = model
        self._open = ExitStack()
        self.connection = self._open.enter_context(autocommit_connection(engine))
        self.tables = AttachedTables(engine)
        # Over at once: whoever comes next may take what this one holds, which may still come with it later.
        self.lease = Lease(worker=f"worker {next(NUMBERS)}", seconds=0.0001)
        self.in_hand: dict[int, StoredPicture] = {}

    def take(self, most: int) -> int:
        self.connection.execute("update clipsql_private.queue set lost_workers = 0")
        claimed = queue.claim(self.connection, Scope(model=self._model), self.lease, limit=most)
        for stored in claimed:  # as a worker does: what it holds already it does not take anew
            self.in_hand.setdefault(stored.image_id, stored)
        return len(claimed)

    def bring(self) -> None:
        writes = []
        for stored in self.in_hand.values():
            url = stored.picture.url
            if failure := FAILURES.get(url):
                picture = type(stored.picture)(url, status="failed", failure=failure, error=f"{url} address")
                writes.append(PictureWrite(picture=picture, stored=stored))
            else:
                picture = type(stored.picture)(url, status="embedded", sha256=(url * 32).encode()[:32])
                # As a worker does: one that has a vector under the model is only looked at again.
                vector = None if stored.is_embedded else vector_of(url)
                writes.append(PictureWrite(picture=picture, stored=stored, embedding=vector))
        self.in_hand.clear()
        queue.settle(self.connection, writes, self.lease, model=self._model)

    def finish(self) -> None:
        while self.tables.step(self.connection):
            pass
        while self.take(100):
            self.bring()

    def close(self) -> None:
        self._open.close()


class AttachedTable(RuleBasedStateMachine):
    """Random writes of a table with two attachments, of which each may be rolled back, beside work that may die."""

    app: psycopg.Connection[Any]
    slow_app: psycopg.Connection[Any]
    engine: Engine
    model: ModelRow

    def __init__(self) -> None:
        super().__init__()
        self.slow_app.rollback()
        self.app.execute(
            "delete from clipsql_private.attachment_problem; truncate thing;"
            " delete from clipsql.image; delete from clipsql_private.changed_row; delete from clipsql_private.link;"
            " select clipsql.reattach('thing', 'front', '{title}')"
        )
        self.workers = [self.new_worker(), self.new_worker()]

    def new_worker(self) -> AWorker:
        return AWorker(self.engine, self.model)

    def teardown(self) -> None:
        try:
            self.slow_app.commit()
            self.settle()
        finally:
            for worker in self.workers:
                worker.close()

    def kill(self, number: int) -> None:
        """End a worker as a kill does: its transaction is rolled back, what it holds and knows is lost."""
        worker = self.workers[number]
        self.app.execute("select pg_terminate_backend(%s, 10000)", (worker.connection.info.backend_pid,))
        worker.close()
        self.workers[number] = self.new_worker()

    def write(self, statement: str, values: tuple[Any, ...], stays: bool) -> None:
        with self.app.transaction(force_rollback=not stays), suppress(*REFUSED), self.app.transaction():
            self.app.execute(statement.encode(), values)

    @initialize(rows=st.lists(st.tuples(KEYS, URLS, URLS), max_size=12), are_done=st.booleans())
    def fill(self, rows: list[tuple[int, str | None, str | None]], are_done: bool) -> None:
        for row in rows:
            self.write("insert into thing values (%s, %s, %s, 'first')", row, True)
        if are_done:
            self.work(0)

    @rule(key=KEYS, front=URLS, back=URLS, title=TITLES, stays=st.booleans())
    def insert(self, key: int, front: str | None, back: str | None, title: str | None, stays: bool) -> None:
        self.write("insert into thing values (%s, %s, %s, %s)", (key, front, back, title), stays)

    @rule(key=KEYS, front=URLS, title=TITLES, stays=st.booleans())
    def upsert(self, key: int, front: str | None, title: str | None, stays: bool) -> None:
        self.write(UPSERT, (key, front, title), stays)

    @rule(key=KEYS, front=URLS, stays=st.booleans())
    def change_address(self, key: int, front: str | None, stays: bool) -> None:
        self.write("update thing set front = %s where id = %s", (front, key), stays)

    @rule(least=KEYS, title=TITLES, stays=st.booleans())
    def change_titles(self, least: int, title: str | None, stays: bool) -> None:
        self.write("update thing set title = %s where id >= %s", (title, least), stays)

    @rule(key=KEYS, new=KEYS, stays=st.booleans())
    def change_key(self, key: int, new: int, stays: bool) -> None:
        self.write("update thing set id = %s where id = %s", (new, key), stays)

    @rule(stays=st.booleans())
    def swap_addresses(self, stays: bool) -> None:
        self.write("update thing set front = back, back = front", (), stays)

    @rule(key=KEYS, stays=st.booleans())
    def delete(self, key: int, stays: bool) -> None:
        self.write("delete from thing where id = %s", (key,), stays)

    @rule(stays=st.sampled_from([False] * 9 + [True]))
    def truncate(self, stays: bool) -> None:
        self.write("truncate thing", (), stays)

    @rule(key=KEYS, new=KEYS, front=URLS)
    def write_slowly(self, key: int, new: int, front: str | None) -> None:
        """In a transaction that stays open while others go on."""
        self.slow_app.execute("select")  # or else the block would commit
        with suppress(*REFUSED), self.slow_app.transaction():
            self.slow_app.execute(UPSERT.encode(), (key, front, "slow"))
            self.slow_app.execute("update thing set id = %s where id = %s", (new, key))
            self.slow_app.execute("delete from thing where id = %s", (key + 1,))

    @rule(stays=st.booleans())
    def end_slow_writes(self, stays: bool) -> None:
        if stays:
            self.slow_app.commit()
        else:
            self.slow_app.rollback()

    @rule(key=KEYS, front=URLS)
    def write_unseen(self, key: int, front: str | None) -> None:
        """As logical replication writes, where no trigger fires; a pass over all rows is to find it."""
        with suppress(*REFUSED), self.app.transaction():
            self.app.execute("set local session_replication_role = replica")
            self.app.execute("delete from thing where id = %s", (key,))
            self.app.execute("insert into thing values (%s, %s, null, null)", (key, front))
        self.app.execute(UNSEEN)

    @rule(captions=st.sampled_from(["{title}", None]))
    def reattach(self, captions: str | None) -> None:
        self.write("select clipsql.reattach('thing', 'front', %s)", (captions,), True)

    @rule(number=WORKERS, steps=st.integers(1, 4))
    def keep_up(self, number: int, steps: int) -> None:
        worker = self.workers[number]
        for _ in range(steps):
            worker.tables.step(worker.connection)

    @rule(number=WORKERS)
    def die_keeping_up(self, number: int) -> None:
        """A worker is killed after it did a step and before it committed."""
        worker = self.workers[number]
        worker.connection.execute("begin")
        worker.tables.step(worker.connection)
        self.kill(number)

    @rule(number=WORKERS, most=st.integers(1, 5))
    def take(self, number: int, most: int) -> None:
        self.workers[number].take(most)

    @rule(number=WORKERS)
    def bring(self, number: int) -> None:
        self.workers[number].bring()

    @rule(number=WORKERS, most=st.integers(1, 5))
    def embed(self, number: int, most: int) -> None:
        self.workers[number].take(most)
        self.workers[number].bring()

    @rule(number=WORKERS)
    def die_in_between(self, number: int) -> None:
        """With pictures in hand, when there are any."""
        self.kill(number)

    @rule(number=WORKERS)
    def die_bringing(self, number: int) -> None:
        """With all written and nothing committed."""
        worker = self.workers[number]
        worker.take(5)
        worker.connection.execute("begin")
        worker.bring()
        self.kill(number)

    @rule(number=WORKERS)
    def try_again(self, number: int) -> None:
        """What failed for a reason that may pass, when it is time, which it is now."""
        for _ in range(2):  # first it gets a time
            attached_rows.retry_failed(self.workers[number].connection, most_rows=100)
            self.app.execute("update clipsql_private.link set retry_at = now() where retry_at is not null")

    @rule(number=WORKERS)
    def work(self, number: int) -> None:
        """Until there is nothing to do."""
        self.workers[number].finish()

    def settle(self) -> None:
        """After work, everything is up to date."""
        self.app.execute(UNSEEN)
        self.work(0)
        found = self.app.execute(
            "select url_column, rows, embedded, pending, failed, missing, state from clipsql.attachment_status"
        ).fetchall()
        addresses = self.app.execute("select front, back from thing").fetchall()
        for number, column in enumerate(("front", "back")):
            given = [row[number] for row in addresses]
            missing = sum(url is None or not url.strip() for url in given)
            failed = sum(url in FAILURES for url in given)
            expected = (column, len(given), len(given) - missing - failed, 0, failed, missing, "ok")
            assert expected in found, (expected, found)
        wanted = {url for row in addresses for url in row if url is not None and url.strip()}
        stored = self.app.execute("select url from clipsql.image").fetchall()
        assert sorted(url for (url,) in stored) == sorted(wanted)
        assert self.app.execute("select problem from clipsql_private.attachment_problem").fetchall() == []
        titles = self.app.execute(
            "select t.id from thing as t join clipsql.thing_picture as l using (id)"
            " where l.facts is null or l.image_id is null"
        ).fetchall()
        assert titles == []

    @invariant()
    def status_is_a_recount_and_vectors_are_those_of_present_addresses(self) -> None:
        for link, column in (("thing_picture", "front"), ("thing_back", "back")):
            rows = self.app.execute(
                f"""
                select t.{column}, e.embedding, i.status
                from thing as t
                left join clipsql.{link} as l using (id)
                left join clipsql.image as i on i.image_id = l.image_id and i.url = t.{column}
                left join clipsql.image_embedding as e on e.image_id = i.image_id
                """.encode()
            ).fetchall()
            missing = sum(url is None or not url.strip() for url, *_ in rows)
            embedded = [(url, vector) for url, vector, _ in rows if vector is not None]
            failed = sum(status == "failed" for *_, status in rows)
            counted = self.app.execute(
                "select rows, embedded, pending, failed, missing from clipsql.attachment_status where url_column = %s",
                (column,),
            ).fetchone()
            assert counted == (
                len(rows), len(embedded), len(rows) - len(embedded) - failed - missing, failed, missing
            )  # fmt: skip
            for url, vector in embedded:
                assert float(np.asarray(vector.to_numpy(), np.float32) @ vector_of(url)) > 0.999
        searched = self.app.execute(
            "select (s.item).id, (s.item).front, s.similarity from clipsql.search_rows(null::thing, null,"
            " 100, query_vector => '[1,0,0,0,0,0,0,0]', url_column => 'front') as s"
        ).fetchall()
        for _, url, similarity in searched:
            assert similarity == pytest.approx(float(vector_of(url)[0]), abs=0.01)


@pytest.fixture(scope="module")
def machine(new_database: Callable[..., URL], template: str) -> Iterator[type[AttachedTable]]:
    url = new_database(template=template).render_as_string(hide_password=False)
    engine = create_engine(url)
    model = new_model(engine, name="m", dimensions=8)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create table thing (id integer primary key, front text, back text, title text);"
            "select clipsql.attach('thing', 'front', '{title}');"
            "select clipsql.attach('thing', 'back', collection => 'thing')"
        )
        connection.execute("update clipsql.model set is_default = true")

    with psycopg.connect(url, autocommit=True) as app, psycopg.connect(url) as slow_app:
        register_vector(app)
        for connection in (app, slow_app):
            connection.execute("set lock_timeout = '20ms'")
        slow_app.commit()
        AttachedTable.app, AttachedTable.slow_app = app, slow_app
        AttachedTable.engine, AttachedTable.model = engine, model
        yield AttachedTable
    engine.dispose()


@pytest.mark.slow
def test_any_order_of_writes_deaths_and_work_leaves_status_and_vectors_right(
    machine: type[AttachedTable],
) -> None:
    steps = min(50, STEPS)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=max(1, STEPS // steps),
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
