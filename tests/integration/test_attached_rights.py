"""Who may attach, work on and search attached tables; and that row-level security of the table holds in searches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from integration.attached_shop import one, rows
from integration.filling import keep_up, new_model
from psycopg import sql
from sqlalchemy.engine import Engine, make_url

from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver, autocommit_connection

Role = Callable[..., Any]


@pytest.fixture
def model(engine: Engine) -> ModelRow:
    return new_model(engine, name="m", dimensions=3)


@pytest.fixture
def shop(engine: Engine, model: ModelRow) -> Iterator[Driver]:
    assert model.dimensions == 3  # that of the searches below
    with autocommit_connection(engine) as connection:
        connection.execute(
            "create schema shop; create table shop.thing (id integer primary key, tenant text, url text)"
        )
        yield connection


@pytest.fixture
def as_role(engine: Engine, shop: Driver) -> Iterator[Callable[..., Engine]]:
    """Engines of new roles with these grants, which end with the test."""
    made: list[tuple[str, Engine]] = []

    def make(*grants: str, options: str = "") -> Engine:
        name = f"clipsql_test_{os.getpid()}_{len(made)}"
        role = sql.Identifier(name)
        shop.execute(sql.SQL("create role {} login password 'p' " + options).format(role))
        for grant in grants:
            shop.execute(sql.SQL(f"grant {grant} to {{}}").format(role))
        url = make_url(engine.url).set(drivername="postgresql", username=name, password="p")
        made.append((name, create_engine(url.render_as_string(hide_password=False))))
        return made[-1][1]

    yield make
    for name, own in made:
        own.dispose()
        shop.execute(
            sql.SQL("drop owned by {}; drop role {}").format(sql.Identifier(name), sql.Identifier(name))
        )


def embed_all(engine: Engine, model: ModelRow) -> None:
    """Give every picture a vector: the nearer its number is to 0, the nearer it is to [1, 0, 0]."""
    with autocommit_connection(engine) as connection:
        connection.execute(
            "insert into clipsql.image_embedding (image_id, model_id, embedding)"
            " select i.image_id, %s, l2_normalize(array[1, n.number / 1000.0, 0]::vector)::halfvec"
            " from clipsql.image as i, lateral (select substring(i.url from '[0-9]+$')::float8) as n(number)",
            (model.model_id,),
        )
        connection.execute("update clipsql.image set status = 'embedded'; delete from clipsql_private.queue")
        connection.execute("analyze")
    ensure_index(engine, model, table="image_embedding")


SEARCH = (
    "select (s.item).id from clipsql.search_rows(null::shop.thing, null, %s, query_vector => '[1,0,0]') as s"
)


@contextmanager
def connected(engine: Engine) -> Iterator[Driver]:
    with autocommit_connection(engine) as connection:
        yield connection


def test_who_attaches_owns_both_and_is_told_what_lacks(shop: Driver, as_role: Callable[..., Engine]) -> None:
    stranger = as_role("usage on schema shop", "clipsql_writer", "all on shop.thing")
    with connected(stranger) as connection:
        me = one(connection, "select current_user")
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            connection.execute("select clipsql.attach('shop.thing', 'url')")
        owner = one(shop, "select current_user")
        assert (
            f"{me} lacks the rights of {owner}, who owns clipsql's tables"
            f" and the rights of {owner}, who owns shop.thing" in str(caught.value)
        )
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    for call in ("reattach('shop.thing', 'url')", "detach('shop.thing')"):
        with connected(stranger) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select clipsql.{call}".encode())


def test_the_owner_of_the_table_attaches_as_a_member_of_both_and_clipsql_owns_what_is_made(
    shop: Driver, as_role: Callable[..., Engine]
) -> None:
    owner = one(shop, "select current_user")
    seller = as_role("usage, create on schema shop", f"{owner}")
    with connected(seller) as connection:
        connection.execute("create table shop.own (id integer primary key, url text)")
        connection.execute("select clipsql.attach('shop.own', 'url')")
    owners = rows(
        shop, "select relowner::regrole::text from pg_class where relname ~ '^(own_picture|changed_row_1)$'"
    )
    assert owners == [(owner,), (owner,)]
    assert (
        one(shop, "select proowner::regrole::text from pg_proc where proname = 'note_changed_rows_1'")
        == owner
    )


def test_the_tables_of_an_attachment_are_open_to_the_roles_to_whom_the_rest_is(shop: Driver) -> None:
    shop.execute("grant select on clipsql_private.link, clipsql_private.changed_row to public")
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    granted = (
        "select x.grantee::regrole::text, string_agg(x.privilege_type, ' ' order by x.privilege_type)"
        " from pg_class as c cross join lateral aclexplode(c.relacl) as x"
        " where c.oid = %s::regclass and x.grantee <> c.relowner group by 1 order by 1"
    )
    for table in ("clipsql.thing_picture", "clipsql_private.changed_row_1"):
        assert shop.execute(granted.encode(), (table,)).fetchall() == [
            ("clipsql_reader", "SELECT"),
            ("clipsql_writer", "DELETE INSERT SELECT UPDATE"),
        ]


def test_who_writes_the_table_needs_no_right_to_clipsql(
    engine: Engine, shop: Driver, as_role: Callable[..., Engine]
) -> None:
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    app = as_role("usage on schema shop", "select, insert, update, delete, truncate on shop.thing")
    with connected(app) as connection:
        connection.execute(
            "insert into shop.thing values (1, 'a', 'https://h.example/1'), (2, 'a', 'https://h.example/2')"
        )
        connection.execute(
            "update shop.thing set url = 'https://h.example/3' where id = 1; delete from shop.thing where id = 2"
        )
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 4
    keep_up(engine)
    assert rows(shop, "select url from clipsql.image") == [("https://h.example/3",)]


def test_a_worker_that_may_not_read_the_table_says_what_to_grant(
    shop: Driver, as_role: Callable[..., Engine]
) -> None:
    said: list[str | None] = []
    shop.add_notice_handler(lambda notice: said.append(notice.message_primary))
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    grant = "grant usage on schema shop to clipsql_writer; grant select on shop.thing to clipsql_writer"
    assert [grant in (one or "") for one in said] == [True]
    shop.execute("insert into shop.thing values (1, 'a', 'https://h.example/1')")
    worker = as_role("clipsql_writer")
    keep_up(worker)
    problem = one(shop, "select last_error from clipsql.attachment_status")
    assert problem.startswith("Workers that connect as clipsql_test")
    assert "may not read shop.thing; run: grant usage on schema shop to" in problem
    shop.execute(grant)
    keep_up(worker)
    assert rows(shop, "select pending, last_error from clipsql.attachment_status") == [(1, None)]
    assert one(shop, "select count(*) from clipsql.thing_picture") == 1
    shop.execute(
        "revoke all on shop.thing from clipsql_writer; revoke all on schema shop from clipsql_writer"
    )


def test_a_worker_that_sees_a_part_of_the_rows_takes_none_for_deleted(
    engine: Engine, shop: Driver, as_role: Callable[..., Engine]
) -> None:
    shop.execute(
        "insert into shop.thing values (1, 'a', 'https://h.example/1'), (2, 'b', 'https://h.example/2')"
    )
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    keep_up(engine)
    shop.execute(
        "alter table shop.thing enable row level security; create policy a on shop.thing using (tenant = 'a')"
    )
    shop.execute("update shop.thing set tenant = 'c', url = url || 'x'")
    worker = as_role("clipsql_writer", "usage on schema shop", "select on shop.thing")
    keep_up(worker)
    assert one(shop, "select count(*) from clipsql.thing_picture") == 2
    assert one(shop, "select last_error from clipsql.attachment_status").startswith(
        "Row-level security hides rows of shop.thing"
    )
    all_seeing = as_role(
        "clipsql_writer", "usage on schema shop", "select on shop.thing", options="bypassrls"
    )
    keep_up(all_seeing)
    assert rows(shop, "select url from clipsql.image order by 1") == [
        ("https://h.example/1x",),
        ("https://h.example/2x",),
    ]


@pytest.mark.parametrize("count", [40, 4000])
def test_a_search_gives_full_rows_of_those_that_the_reader_sees_and_that_are_there(
    engine: Engine, shop: Driver, model: ModelRow, as_role: Callable[..., Engine], count: int
) -> None:
    shop.execute(
        "insert into shop.thing select g, case when g % 4 = 0 then 'a' else 'b' end, 'https://h.example/' || g"
        f" from generate_series(1, {count}) as g".encode()
    )
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    keep_up(engine)
    embed_all(engine, model)
    # Nobody has told clipsql yet that the first are gone, and have other addresses.
    shop.execute(
        "delete from shop.thing where id <= 8; update shop.thing set url = 'https://h.example/new' where id = 12"
    )
    shop.execute(
        "alter table shop.thing enable row level security; create policy a on shop.thing using (tenant = 'a')"
    )
    reader = as_role("clipsql_reader", "usage on schema shop", "select on shop.thing")
    with connected(reader) as connection:
        assert [n for (n,) in rows(connection, SEARCH, 5)] == [16, 20, 24, 28, 32]
        assert len(rows(connection, SEARCH, count)) == count // 4 - 3
        assert rows(connection, "select rows, embedded, pending from clipsql.attachment_status") == [
            (count // 4 - 2, count // 4 - 3, 1)
        ]
        chosen = "array(select t.id::text from shop.thing as t where t.id in (13, 24, 36))"
        query = SEARCH.replace("'[1,0,0]'", f"'[1,0,0]', only_rows => {chosen}")
        assert [n for (n,) in rows(connection, query, 5)] == [24, 36]
    assert [n for (n,) in rows(shop, SEARCH, 3)] == [9, 10, 11]


def test_a_reader_without_a_right_to_the_table_is_told_so(
    shop: Driver, as_role: Callable[..., Engine]
) -> None:
    shop.execute("select clipsql.attach('shop.thing', 'url')")
    reader = as_role("clipsql_reader")
    with connected(reader) as connection:
        ((state, count),) = rows(connection, "select state, rows from clipsql.attachment_status")
        assert state.startswith("not readable by clipsql_test")
        assert count is None
        for change in (
            "insert into clipsql.thing_picture (id, is_ours, facts) values (1, true, gen_random_uuid())",
            "delete from clipsql_private.changed_row_1",
            "update clipsql_private.attachment set may_read_files = true",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())
