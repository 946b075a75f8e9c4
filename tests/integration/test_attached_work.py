"""What workers do for attached tables: fresh rows first, failures again after a while, nothing twice, nothing lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from forking import Forker
from integration.attached_shop import (
    ATTACH,
    DOWNLOADS,
    Work,
    found_ids,
    linked,
    one,
    problems,
    rows,
    shop,
    status,
    work,
)
from integration.filling import keep_up
from integration.programs import run_program
from picture_server import PictureServer, picture_bytes
from sqlalchemy.engine import URL, Engine
from waiting import until

from clipsql.db.engine import create_engine
from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.encoding import Encoder
from clipsql.errors import InvalidArgument
from clipsql.ingest.worker import Worker
from clipsql.search.searcher import Searcher

__all__ = ["shop", "work"]  # fixtures

CLI = Callable[..., Result]
LEASE = Lease(worker="w", seconds=60)


def claimed(connection: Driver, model: ModelRow, limit: int, *, only_fresh: bool = False) -> list[str]:
    found = queue.claim(connection, Scope(model=model), LEASE, limit=limit, only_fresh=only_fresh)
    return [stored.picture.url for stored in found]


def test_what_people_just_wrote_goes_before_a_backfill_and_a_load(
    engine: Engine, shop: Driver, model: ModelRow
) -> None:
    add = "insert into shop.product (photo_url) select 'https://h.example/' || %s || g from generate_series(1, %s) as g"
    shop.execute(add.encode(), ("old", 300))
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute(add.encode(), ("load", 101))
    shop.execute(add.encode(), ("new", 100))
    assert one(shop, "select clipsql_private.apply_changed_rows(1, 100)") == 100
    assert one(shop, "select count(*) from clipsql.image where url like '%new%'") == 100
    keep_up(engine)
    assert one(shop, "select count(*) from clipsql.image") == 501
    assert claimed(shop, model, 60, only_fresh=True) == [f"https://h.example/new{n}" for n in range(1, 61)]
    mixed = claimed(shop, model, 60)
    assert [url.rstrip("0123456789") for url in mixed] == ["https://h.example/new"] * 40 + [
        "https://h.example/old"
    ] * 20
    assert claimed(shop, model, 10, only_fresh=True) == []
    # A row of the backfill that somebody writes again is fresh from then on.
    shop.execute("update shop.product set title = 'x' where id = 300")
    keep_up(engine)
    assert claimed(shop, model, 1) == ["https://h.example/old300"]


def test_a_worker_with_its_hands_full_takes_what_is_fresh_all_the_same(
    engine: Engine, shop: Driver, model: ModelRow, encoder: Encoder
) -> None:
    held = "select count(*) from clipsql_private.queue where leased_by is not null and is_fresh = %s"
    with PictureServer(latency_s=4) as web:
        for number in range(400):
            shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(number),))
        one(shop, ATTACH)
        worker = Worker(engine, encoder, model, downloads=DOWNLOADS)
        thread = threading.Thread(target=lambda: worker.run(until_empty=True))
        thread.start()
        try:
            until(lambda: one(shop, held, False) == 256)
            shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(999),))
            until(lambda: one(shop, held, True) == 1)
            assert one(shop, "select count(*) from clipsql.image_embedding") == 0, "nothing else is done yet"
        finally:
            worker.stop()
            thread.join()


def test_what_is_fresh_is_embedded_before_the_rest_of_a_backfill(
    engine: Engine, shop: Driver, model: ModelRow, encoder: Encoder
) -> None:
    with PictureServer(latency_s=0.05) as web:
        for number in range(500):
            shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(number),))
        one(shop, ATTACH)
        done: list[int] = []

        def on_outcome(_outcome: object) -> None:
            done.append(len(web.asked))
            if len(done) == 100:
                shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(999),))
                until(lambda: one(shop, "select count(*) from clipsql_private.queue where is_fresh") == 1)

        Worker(engine, encoder, model, downloads=DOWNLOADS).run(until_empty=True, on_outcome=on_outcome)
        assert status(shop) == (501, 501, 0, 0, 0)
        assert list(web.asked).index("/999.png") < 430
        assert set(web.asked.values()) == {1}


def test_a_new_caption_of_an_embedded_picture_is_embedded_and_the_picture_is_not_fetched_again(
    shop: Driver, work: Work, web: PictureServer
) -> None:
    shop.execute("insert into shop.product (photo_url, title) values (%s, 'old')", (web.url(0),))
    one(shop, ATTACH)
    work()
    shop.execute("update shop.product set title = 'new'")
    work()
    assert rows(
        shop,
        "select c.body, count(e.caption_id) from clipsql.caption as c"
        " left join clipsql.caption_embedding as e using (caption_id) group by 1",
    ) == [("new", 1)]
    assert set(web.asked.values()) == {1}
    assert status(shop) == (1, 1, 0, 0, 0)


def test_a_picture_that_failed_keeps_its_reason_and_is_tried_again_later_and_later_when_that_may_help(
    shop: Driver, work: Work, web: PictureServer
) -> None:
    web.contents["/0.png"] = None  # which does not pass
    web.contents["/1.png"] = picture_bytes(1)[:60]
    shop.execute(
        "insert into shop.product (photo_url) values (%s), (%s), (%s)", (web.url(0), web.url(1), web.url(2))
    )
    one(shop, ATTACH)
    work()
    assert status(shop) == (3, 1, 0, 2, 0)
    assert status(shop, "last_error") is not None
    shop.execute(
        "update clipsql.image set failure = 'timeout', error = 'too slow' where url = %s", (web.url(1),)
    )
    again = "select clipsql_private.retry_failed_rows('{timeout,dns}', 100)"
    waits = (
        "select extract(epoch from retry_at - now())::integer from clipsql.product_picture"
        " where attempts = %s and retry_at is not null"
    )
    assert one(shop, again) == 0
    assert one(shop, waits, 0) == pytest.approx(60, abs=2)
    for attempt in (1, 2, 3):
        shop.execute(
            "update clipsql_private.link set retry_at = now() - interval '1 second' where retry_at is not null"
        )
        assert one(shop, again) == 1
        assert one(shop, waits, attempt) == pytest.approx(60 * 2**attempt, abs=2)
        assert rows(shop, "select is_fresh from clipsql_private.queue") == [(False,)]
        assert status(shop, "pending, failed") == (1, 1)
        assert rows(shop, "select problem from clipsql.product_picture where retry_at is not null") == [
            ("too slow",)
        ]
        shop.execute(
            "update clipsql.image set status = 'failed', failure = 'timeout', error = 'too slow'"
            " where status = 'pending'"
        )
        shop.execute("delete from clipsql_private.queue")
    shop.execute("update clipsql_private.link set retry_at = now() where retry_at is not null")
    del web.contents["/1.png"]
    assert one(shop, again) == 1
    work()
    assert status(shop) == (3, 2, 0, 1, 0)


def test_files_are_read_where_the_owner_said_so_and_nowhere_else(
    shop: Driver, work: Work, encoder: Encoder, tmp_path: Path
) -> None:
    folder = tmp_path / "50% of #1"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    names = [f"{folder}/0.png", (folder / "1.png").as_uri(), "2.png"]
    for name in names:
        shop.execute("insert into shop.product (photo_url) values (%s)", (name,))
    one(shop, "select clipsql.attach('shop.product', 'photo_url')")
    work()
    assert status(shop) == (3, 0, 0, 3, 0)
    assert "its file lies on this machine" in one(
        shop, "select error from clipsql.image where failure = 'file_url' limit 1"
    )
    shop.execute(
        "select clipsql.reattach('shop.product', 'photo_url', url_prefix => %s, may_read_files => true)",
        (f"{folder}/",),
    )
    shop.execute("update shop.product set photo_url = '0.png' where id = 1")
    work()
    assert status(shop) == (3, 3, 0, 0, 0)
    assert [found_ids(shop, encoder, number, max_results="1") for number in range(3)] == [[1], [2], [3]]
    assert one(shop, "select count(*) from clipsql.image") == 3


@pytest.mark.slow
def test_a_worker_killed_in_between_loses_nothing(
    forker: Forker, shop: Driver, model_folder: Path, database_url: str
) -> None:
    options = ("--until-empty", "--allow-private-hosts", "--lease", "1", "--dtype", "float32")
    arguments = ("worker", *options, "--model", model_folder)
    with PictureServer(latency_s=0.02) as web:
        for number in range(220):
            shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(number),))
        one(shop, ATTACH)
        for least in (1, 130):
            worker = forker.start(database_url, *arguments)
            until(lambda least=least: one(shop, "select count(*) from clipsql.image_embedding") >= least)
            shop.execute("update shop.product set photo_url = null where id in (3, 200)")
            shop.execute("delete from shop.product where id in (4, 201)")
            assert worker.kill(signal.SIGKILL) == -signal.SIGKILL
        assert forker.start(database_url, *arguments).wait() == 0
    assert status(shop) == (218, 216, 0, 0, 2)
    assert problems(shop) == []
    assert one(shop, "select count(*) from clipsql.image") == 216


def test_attachments_come_through_a_dump_with_other_numbers(
    engine: Engine, shop: Driver, new_database: Callable[..., URL], tmp_path: Path
) -> None:
    shop.execute("alter table shop.product drop name, drop back_url, add last_url text")
    one(shop, "select clipsql.attach('shop.product', 'last_url', '{title}', '{price}')")
    shop.execute(
        "insert into shop.product (last_url, price) select 'https://h.example/' || g, g from generate_series(1, 5) as g"
    )
    keep_up(engine)
    run_program("pg_dump", engine.url, "--format=custom", f"--file={tmp_path / 'd'}")
    restored = new_database()
    run_program("pg_restore", restored, "--no-owner", tmp_path / "d")
    other = create_engine(restored.render_as_string(hide_password=False))
    with autocommit_connection(other) as connection:
        assert status(connection, "rows, pending, state") == (5, 5, "ok")
        connection.execute("insert into shop.product (last_url, price) values ('https://h.example/6', 6)")
        connection.execute(
            "update shop.product set price = 50 where id = 1; delete from shop.product where id = 2"
        )
        keep_up(other)
        assert problems(connection) == []
        assert [url[-1] for _, url in linked(connection)] == ["1", "3", "4", "5", "6"]
        assert one(connection, "select metadata ->> 'price' from clipsql.image where url like '%1'") == "50"
    other.dispose()


# The command line and Python


def test_the_command_attaches_tells_and_detaches(shop: Driver, clipsql: CLI, engine: Engine) -> None:
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/1'), (null)")
    shop.execute('alter table shop.product add "odd, ""name""" text')
    captions = 'title, "odd, ""name""" ,brand'
    given = ("shop.product", "--url-column", "photo_url", "--caption-columns", captions)
    attached = clipsql("table", "attach", *given, "--metadata-columns", "price", "--collection", "c")
    assert (attached.exit_code, "clipsql.product_picture links its rows" in attached.output) == (0, True), (
        attached.output
    )
    again = clipsql("table", "attach", *given)
    assert (again.exit_code, len(again.stderr.splitlines())) == (1, 1)
    assert "attached already; change it with clipsql.reattach" in again.stderr
    assert clipsql("table", "reattach", *given, "--may-read-files").exit_code == 0
    kept = rows(shop, "select role, name from clipsql_private.attached_column order by role, position")
    assert [name for role, name in kept if role == "caption"] == ["title", 'odd, "name"', "brand"]
    assert [name for role, name in kept if role != "caption"] == ["id", "photo_url"]
    assert rows(shop, "select collection, may_read_files from clipsql_private.attachment") == [("c", True)]
    keep_up(engine)
    shown = clipsql("table", "status", "shop.product")
    assert "shop.product" in shown.stdout
    assert (
        clipsql("table", "status", "shop.product", "--json").stdout.count(
            '"rows": 2, "embedded": 0, "pending": 1'
        )
        == 1
    )
    assert "clipsql.product_picture" in clipsql("table", "list").stdout
    assert clipsql("table", "status", "shop.none").exit_code == 1
    shop.execute("drop table shop.product cascade")
    assert "table dropped" in clipsql("table", "list").stdout
    detached = clipsql("table", "detach", "shop.product", "--yes")
    assert detached.output == "shop.product is detached; 1 pictures are removed.\n"
    assert "No table is attached" in clipsql("table", "list").stderr
    assert "There is no table shop.product" in clipsql("table", "detach", "shop.product", "--yes").stderr


def test_python_attaches_tells_and_detaches(engine: Engine, shop: Driver, model: ModelRow) -> None:
    assert model
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/1')")
    pictures = Searcher(engine)
    assert (
        pictures.attach("shop.product", "photo_url", metadata_columns=["price"]) == "clipsql.product_picture"
    )
    assert (
        pictures.reattach("shop.product", "photo_url", collection="c", model="tiny")
        == "clipsql.product_picture"
    )
    keep_up(engine)
    (one_of,) = pictures.attachments("shop.product")
    assert (one_of.rows, one_of.pending, one_of.collection, one_of.model) == (1, 1, "c", "tiny")
    for call in (pictures.attach, pictures.reattach):
        with pytest.raises(TypeError, match="there is no option colection; there are: caption_columns"):
            call("shop.product", "photo_url", colection="x")  # type: ignore[call-arg]
    with pytest.raises(InvalidArgument, match=r"There is no table shop\.none"):
        pictures.attach("shop.none", "url")
    with pytest.raises(InvalidArgument, match="has no column"):
        pictures.reattach("shop.product", "none")
    assert pictures.detach("shop.product", keep_pictures=True) == 0
    assert one(shop, "select count(*) from clipsql.image") == 1
