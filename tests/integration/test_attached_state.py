"""Whatever is done to an attached table, in any order, with workers that die: status and vectors are its rows'."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from integration.filling import new_model
from pgvector.psycopg import register_vector
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.statements import autocommit_connection
from clipsql.ingest.attached import AttachedTables

STEPS = int(os.environ.get("CLIPSQL_ATTACHED_STEPS", "400"))
"""In all; the long run is CLIPSQL_ATTACHED_STEPS=10000."""
KEYS = st.integers(1, 12)
URLS = st.one_of(
    st.none(), st.just(" "), st.integers(1, 60).map(lambda n: f"https://h.example/{n}"), st.just("bad")
)
TITLES = st.sampled_from([None, "a", "b"])


def vector_of(url: str) -> Any:
    """What the model of this test makes of the picture at an address."""
    found = np.random.default_rng(list(url.encode())).normal(size=8)
    return (found / np.linalg.norm(found)).astype(np.float32)


class AttachedTable(RuleBasedStateMachine):
    """Random writes of a table with two attachments, of which each may be rolled back, beside work that may die."""

    app: psycopg.Connection[Any]
    engine: Any
    model: ModelRow

    def __init__(self) -> None:
        super().__init__()
        self.app.execute(
            "delete from clipsql_private.attachment_problem; truncate thing;"
            " delete from clipsql.image; delete from clipsql_private.changed_row; delete from clipsql_private.link"
        )
        self.tables = AttachedTables(self.engine)

    def teardown(self) -> None:
        self.settle()

    def write(self, statement: str, values: tuple[Any, ...], stays: bool) -> None:
        with self.app.transaction(force_rollback=not stays):
            try:
                with self.app.transaction():
                    self.app.execute(statement.encode(), values)
            except psycopg.errors.UniqueViolation:
                pass

    @rule(key=KEYS, front=URLS, back=URLS, title=TITLES, stays=st.booleans())
    def insert(self, key: int, front: str | None, back: str | None, title: str | None, stays: bool) -> None:
        self.write("insert into thing values (%s, %s, %s, %s)", (key, front, back, title), stays)

    @rule(key=KEYS, front=URLS, title=TITLES, stays=st.booleans())
    def upsert(self, key: int, front: str | None, title: str | None, stays: bool) -> None:
        self.write(
            "insert into thing values (%s, %s, null, %s) on conflict (id) do update set front = excluded.front",
            (key, front, title),
            stays,
        )

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

    @rule(stays=st.sampled_from([False, False, False, True]))
    def truncate(self, stays: bool) -> None:
        self.write("truncate thing", (), stays)

    @rule(key=KEYS, front=URLS)
    def write_unseen(self, key: int, front: str | None) -> None:
        """As logical replication writes, where no trigger fires; a pass over all rows is to find it."""
        with self.app.transaction():
            self.app.execute("set local session_replication_role = replica")
            self.app.execute("delete from thing where id = %s", (key,))
            self.app.execute("insert into thing values (%s, %s, null, null)", (key, front))
        self.app.execute("update clipsql_private.attachment set reconciled_at = null")

    @rule(steps=st.integers(1, 4))
    def keep_up(self, steps: int) -> None:
        with autocommit_connection(self.engine) as connection:
            for _ in range(steps):
                self.tables.step(connection)

    @rule()
    def die_keeping_up(self) -> None:
        """A worker that is killed after it did a step and before it committed; another one starts."""
        with autocommit_connection(self.engine) as connection, connection.transaction(force_rollback=True):
            self.tables.step(connection)
        self.tables = AttachedTables(self.engine)

    @rule(most=st.integers(1, 5), dies=st.booleans())
    def embed(self, most: int, dies: bool) -> None:
        """A worker takes pictures and makes their vectors; it may die with them in hand."""
        lease = Lease(worker=f"worker {most}", seconds=0.0001)
        with autocommit_connection(self.engine) as connection:
            claimed = queue.claim(connection, Scope(model=self.model), lease, limit=most)
            connection.execute("update clipsql_private.queue set lost_workers = 0")
            if not dies:
                self.settle_pictures(connection, claimed, lease)

    def settle_pictures(self, connection: Any, claimed: Any, lease: Lease) -> None:
        writes = []
        for stored in claimed:
            url = stored.picture.url
            if url == "bad":
                picture = type(stored.picture)(url, status="failed", failure="bad_url", error="no address")
                writes.append(PictureWrite(picture=picture, stored=stored))
            else:
                picture = type(stored.picture)(url, status="embedded", sha256=(url * 32).encode()[:32])
                # As a worker does: one that has a vector under the model is only looked at again.
                vector = None if stored.is_embedded else vector_of(url)
                writes.append(PictureWrite(picture=picture, stored=stored, embedding=vector))
        queue.settle(connection, writes, lease, model=self.model)

    @rule()
    def work(self) -> None:
        """Let the worker go on until there is nothing to do."""
        lease = Lease(worker="last", seconds=60)
        with autocommit_connection(self.engine) as connection:
            while self.tables.step(connection):
                pass
            connection.execute("update clipsql_private.queue set leased_until = null, leased_by = null")
            while claimed := queue.claim(connection, Scope(model=self.model), lease, limit=100):
                self.settle_pictures(connection, claimed, lease)

    def settle(self) -> None:
        """After work, everything is up to date."""
        self.app.execute("update clipsql_private.attachment set reconciled_at = null")
        self.work()
        found = self.app.execute(
            "select url_column, rows, embedded, pending, failed, missing, state from clipsql.attachment_status"
        ).fetchall()
        addresses = self.app.execute("select front, back from thing").fetchall()
        for number, column in enumerate(("back", "front")):
            given = [row[1 - number] for row in addresses]
            missing = sum(url is None or not url.strip() for url in given)
            failed = given.count("bad")
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

    with psycopg.connect(url, autocommit=True) as app:
        register_vector(app)
        AttachedTable.app, AttachedTable.engine, AttachedTable.model = app, engine, model
        yield AttachedTable
    engine.dispose()


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
