"""What goes wrong with an attached table is told in its status, and harms neither its writers nor anything else."""

from __future__ import annotations

import threading

import psycopg
import pytest
from integration.attached_shop import (
    ATTACH,
    Work,
    literal,
    one,
    problems,
    rows,
    shop,
    status,
    vector,
    work,
)
from integration.filling import keep_up
from picture_server import PictureServer
from sqlalchemy.engine import Engine
from waiting import until

from clipsql.db.models import ModelRow
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.encoding import Encoder
from clipsql.ingest.attached import AttachedTables

__all__ = ["shop", "work"]  # fixtures


def test_a_row_that_says_what_no_picture_can_be_is_written_and_told(engine: Engine, shop: Driver) -> None:
    shop.execute("alter table shop.product add longitude numeric, add latitude numeric")
    one(
        shop,
        "select clipsql.attach('shop.product', 'photo_url', null, null, null, 'longitude', 'latitude')",
    )
    shop.execute(
        "insert into shop.product (photo_url, longitude, latitude) values ('https://h.example/1', 500, 1),"
        " ('https://h.example/2', 13, 52)"
    )
    keep_up(engine)
    assert status(shop) == (2, 0, 1, 1, 0)
    assert "longitude 500, latitude 1 is no place" in status(shop, "last_error")
    shop.execute("update shop.product set longitude = 5 where id = 1")
    assert status(shop, "pending, failed") == (2, 0)
    keep_up(engine)
    assert rows(shop, "select longitude, latitude from clipsql.image order by url") == [(5, 1), (13, 52)]
    assert status(shop, "last_error") is None


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param("drop table clipsql_private.changed_row_1", "changed_row_1", id="no notes"),
        pytest.param(
            "alter table clipsql_private.changed_row_1 add constraint broken check (false) not valid",
            "violates check constraint",
            id="nothing can be noted",
        ),
    ],
)
def test_whatever_goes_wrong_in_a_trigger_the_row_is_written_and_the_status_tells(
    shop: Driver, broken: str, told: str
) -> None:
    one(shop, ATTACH)
    with shop.transaction(force_rollback=True):
        shop.execute(broken.encode())
        for number in range(3):
            shop.execute("insert into shop.product (photo_url) values (%s)", (f"https://h.example/{number}",))
        shop.execute("update shop.product set photo_url = 'https://h.example/x' where id = 1")
        shop.execute("delete from shop.product where id = 2; truncate shop.product")
        assert told in problems(shop)[0]
        assert len(problems(shop)) == 1, "one kind of problem is told once"


def test_a_problem_of_a_trigger_is_mended_by_a_pass_over_all_rows(engine: Engine, shop: Driver) -> None:
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute("alter table clipsql_private.changed_row_1 add constraint broken check (false) not valid")
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/1')")
    assert status(shop, "last_error").startswith("A write of shop.product was not noted (")
    shop.execute("alter table clipsql_private.changed_row_1 drop constraint broken")
    keep_up(engine)  # a worker that starts
    assert status(shop, "pending, last_error") == (1, None)
    assert one(shop, "select count(*) from clipsql.product_picture") == 1


def test_a_writer_waits_for_no_worker_and_for_no_other_writer(engine: Engine, shop: Driver) -> None:
    shop.execute(
        "insert into shop.product (photo_url) select 'https://h.example/' || g from generate_series(1, 9) as g"
    )
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute("update shop.product set photo_url = photo_url || 'x'")
    with (
        autocommit_connection(engine) as worker,
        autocommit_connection(engine) as first,
        autocommit_connection(engine) as second,
    ):
        for connection in (first, second):
            connection.execute("set lock_timeout = '1ms'")
        with worker.transaction():
            assert one(worker, "select clipsql_private.apply_changed_rows(1, 100)") == 9
            with first.transaction(), second.transaction():
                for number, connection in enumerate((first, second)):
                    connection.execute(
                        "insert into shop.product (photo_url) values ('https://h.example/same')"
                    )
                    connection.execute("update shop.product set id = id + 100 where id = %s", (number + 1,))
                    connection.execute("delete from shop.product where id = %s", (number + 5,))
    keep_up(engine)
    assert problems(shop) == []
    assert status(shop, "rows, pending") == (9, 9)
    assert one(shop, "select count(*) from clipsql.image") == 8


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("attach('shop.product', 'back_url')", id="attach"),
        pytest.param("reattach('shop.product', 'photo_url')", id="reattach"),
        pytest.param("detach('shop.product')", id="detach"),
    ],
)
def test_whoever_attaches_waits_for_a_worker_without_keeping_it_from_its_end(
    engine: Engine, shop: Driver, change: str
) -> None:
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/1')")
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/2')")
    with autocommit_connection(engine) as worker, autocommit_connection(engine) as owner:
        owner_pid = owner.info.backend_pid
        with worker.transaction():
            assert one(worker, "select clipsql_private.apply_changed_rows(1, 100)") == 1
            changing = threading.Thread(target=lambda: one(owner, f"select clipsql.{change}"))
            changing.start()
            until(lambda: one(shop, "select cardinality(pg_blocking_pids(%s))", owner_pid) == 1, seconds=60)
            worker.execute("set local lock_timeout = '5s'")
            # What a worker that goes on may do next.
            worker.execute("select from shop.product, clipsql.image for update")
            worker.execute("update clipsql_private.attachment set reconciled_at = null")
            assert one(worker, "select clipsql_private.apply_changed_rows(1, 100)") == 0
        changing.join()
    keep_up(engine)
    assert problems(shop) == []
    states = rows(shop, "select state from clipsql.attachment_status")
    assert states == [("ok",)] * {"attach": 2, "reattach": 1, "detach": 0}[change.split("(")[0]]


def test_a_worker_at_a_table_that_is_detached_that_moment_says_nothing(
    engine: Engine, shop: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    one(shop, ATTACH)
    shop.execute("insert into shop.product (photo_url) values ('https://h.example/1')")
    tables = AttachedTables(engine)
    with autocommit_connection(engine) as worker:
        worker_pid = worker.info.backend_pid
        working = threading.Thread(target=lambda: tables.step(worker))
        with shop.transaction():
            one(shop, "select clipsql.detach('shop.product')")
            working.start()
            with autocommit_connection(engine) as other:
                until(lambda: one(other, "select cardinality(pg_blocking_pids(%s))", worker_pid) == 1)
        working.join()
        assert tables.step(worker) is False
    assert (problems(shop), caplog.messages) == ([], [])


@pytest.mark.parametrize(
    ("change", "state", "is_searched"),
    [
        pytest.param("alter table shop.product rename photo_url to picture", "ok", True, id="renamed"),
        pytest.param("alter table shop.product rename id to number", "ok", True, id="key renamed"),
        pytest.param("alter table shop.product rename to article", "ok", True, id="table renamed"),
        pytest.param("alter table shop.product set schema public", "ok", True, id="table moved"),
        pytest.param(
            "alter table shop.product drop photo_url", "column photo_url dropped", False, id="address dropped"
        ),
        pytest.param(
            "alter table shop.product rename to article; alter table shop.article drop photo_url",
            "column photo_url dropped",
            False,
            id="renamed and address dropped",
        ),
        pytest.param(
            "alter table shop.product drop brand", "column brand dropped", True, id="another dropped"
        ),
        pytest.param("alter table shop.product drop id", "column id dropped", False, id="key dropped"),
        pytest.param(
            "alter table shop.product alter price type integer",
            "type of price changed from numeric to integer",
            True,
            id="type",
        ),
        pytest.param(
            "alter table shop.product alter id type integer",
            "type of id changed from bigint to integer",
            False,
            id="type of the key",
        ),
        pytest.param("drop table shop.product", "table dropped", False, id="dropped"),
        pytest.param(
            "alter table shop.product disable trigger all",
            "triggers missing or disabled",
            True,
            id="disabled",
        ),
        pytest.param(
            "alter table shop.product disable trigger clipsql_attachment_1_delete",
            "triggers missing or disabled",
            True,
            id="one disabled",
        ),
        pytest.param(
            "alter table shop.product enable replica trigger clipsql_attachment_1_update",
            "triggers missing or disabled",
            True,
            id="one for replicas only",
        ),
        pytest.param(
            "alter table shop.product drop constraint product_pkey; create index on shop.product (id)",
            "key (id) not unique any more",
            True,
            id="key no key",
        ),
    ],
)
def test_what_happens_to_a_table_is_its_state_and_breaks_nothing(
    engine: Engine,
    shop: Driver,
    work: Work,
    web: PictureServer,
    encoder: Encoder,
    change: str,
    state: str,
    is_searched: bool,
) -> None:
    shop.execute("insert into shop.product (photo_url, price) values (%s, 1)", (web.url(0),))
    shop.execute("create table shop.other (id integer primary key, photo_url text)")
    one(shop, ATTACH)
    one(shop, "select clipsql.attach('shop.other', 'photo_url')")
    work()
    shop.execute(change.encode())
    ((name, told),) = rows(
        shop, "select source_name, state from clipsql.attachment_status where collection = 'product'"
    )
    assert told == state
    if state != "table dropped":
        columns = [
            column
            for (column,) in rows(
                shop,
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                name,
            )
        ]
        address = next((column for column in columns if column in ("photo_url", "picture")), "name")
        shop.execute(f"insert into {name} ({address}) values (%s)".encode(), (web.url(1),))
        shop.execute(f"update {name} set back_url = 'x', {address} = {address}".encode())
        if is_searched:
            key = "number" if "number" in columns else "id"
            found = one(
                shop,
                f"select (s.item).{key}"
                f" from clipsql.search_rows(null::{name}, null, 1, query_vector => %s::vector) as s",
                literal(vector(encoder, 0)),
            )
            assert found == 1
        else:
            with pytest.raises(
                psycopg.Error, match=f"The rows of {name} cannot be searched: {state}"
            ) as caught:
                rows(
                    shop,
                    f"select clipsql.search_rows(null::{name}, null, query_vector => %s::vector)",
                    literal(vector(encoder, 0)),
                )
            assert caught.value.sqlstate == "CQ007"
    assert problems(shop) == []
    shop.execute("insert into shop.other values (1, %s)", (web.url(2),))
    keep_up(engine)
    assert problems(shop) == []
    assert rows(shop, "select pending from clipsql.attachment_status where source_name = 'shop.other'") == [
        (1,)
    ]
    if is_searched and state == "ok":
        assert one(shop, "select count(*) from clipsql.product_picture") == 2


def test_an_attachment_whose_columns_changed_is_mended_by_attaching_it_anew(
    shop: Driver, work: Work, web: PictureServer
) -> None:
    shop.execute("insert into shop.product (photo_url, title, brand) values (%s, 'a', 'b')", (web.url(0),))
    one(shop, ATTACH)
    work()
    shop.execute("alter table shop.product drop photo_url, drop brand, add picture text")
    shop.execute("update shop.product set picture = %s, name = 'n'", (web.url(0),))
    assert (
        one(shop, "select clipsql.reattach('shop.product', 'picture', '{title,name}', '{price}')")
        == "clipsql.product_picture"
    )
    work()
    assert status(shop, "rows, embedded, state, collection") == (1, 1, "ok", "product")
    assert set(web.asked.values()) == {1}
    assert rows(shop, "select body from clipsql.caption order by 1") == [("a",), ("n",)]
    assert one(shop, "select metadata from clipsql.image") == {"price": None}
    shop.execute("alter table shop.product disable trigger all")
    shop.execute("drop trigger clipsql_attachment_1_insert on shop.product")
    one(shop, "select clipsql.reattach('shop.product', 'picture', collection => 'moved')")
    shop.execute("insert into shop.product (picture) values (%s)", (web.url(1),))
    assert status(shop, "state") == "ok"
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 1
    work()
    assert rows(shop, "select collection, count(*) from clipsql.image group by 1") == [("moved", 2)]


def test_of_several_attachments_each_is_known_by_its_column_as_it_is_called_now(shop: Driver) -> None:
    by_columns = "select array_agg(url_column order by source, link) from clipsql.attachment_status"
    for column in ("photo_url", "back_url"):
        one(shop, f"select clipsql.attach('shop.product', '{column}')")
    shop.execute(
        "alter table shop.product rename photo_url to x; alter table shop.product rename back_url to photo_url"
    )
    assert one(shop, by_columns) == ["photo_url", "x"]
    with pytest.raises(psycopg.Error, match="is attached already"):
        one(shop, "select clipsql.attach('shop.product', 'photo_url')")
    assert one(shop, "select clipsql.reattach('shop.product', 'photo_url')") == "clipsql.product_back_url"
    assert one(shop, "select clipsql.reattach('shop.product', 'x')") == "clipsql.product_picture"
    with pytest.raises(
        psycopg.Error,
        match=r"by its column name; attached are: shop.product by x, shop.product by photo_url\.",
    ):
        one(shop, "select clipsql.reattach('shop.product', 'name')")
    # The one whose column is gone takes another.
    shop.execute("alter table shop.product drop x")
    assert one(shop, by_columns) == ["photo_url", "x"]
    assert one(shop, "select clipsql.reattach('shop.product', 'photo_url')") == "clipsql.product_back_url"
    assert one(shop, "select clipsql.reattach('shop.product', 'name')") == "clipsql.product_picture"
    assert one(shop, by_columns) == ["photo_url", "name"]
    one(shop, "select clipsql.detach('shop.product', url_column => 'name')")
    assert one(shop, by_columns) == ["photo_url"]


def test_detaching_leaves_the_table_and_what_others_brought(
    shop: Driver, work: Work, web: PictureServer
) -> None:
    shop.execute("insert into shop.product (photo_url) values (%s), (%s)", (web.url(0), web.url(1)))
    shop.execute("insert into clipsql.image (collection, url) values ('product', %s)", (web.url(1),))
    for keep, left in (("true", [0, 1]), ("false", [0, 1])):
        one(shop, ATTACH)
        work()
        removed = one(shop, f"select clipsql.detach('shop.product', {keep})")
        assert rows(shop, "select url from clipsql.image order by 1") == [(web.url(n),) for n in left]
        assert removed == 0
    shop.execute("delete from clipsql.image where url = %s", (web.url(0),))
    one(shop, ATTACH)
    work()
    assert one(shop, "select clipsql.detach('shop.product')") == 1
    assert rows(shop, "select url from clipsql.image") == [(web.url(1),)]
    shop.execute("insert into shop.product (photo_url) values ('x')")
    assert one(shop, "select count(*) from shop.product") == 3
    leftovers = rows(
        shop,
        "select relname from pg_class where relname ~ '^(changed_row_|product_picture)' union all"
        " select proname from pg_proc where proname ~ '^note_changed_rows_' union all"
        " select tgname from pg_trigger where tgname ~ '^clipsql_attachment'",
    )
    assert leftovers == []
    one(shop, ATTACH)
    shop.execute("drop table shop.product")
    ((number,),) = rows(shop, "select source from clipsql.attachment_status")
    assert one(shop, "select clipsql.detach(%s::oid::regclass)", number) == 0
    assert rows(shop, "select from clipsql.attachment_status") == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            "attach('shop.product', 'foto')",
            "shop.product has no column 'foto' for url; it has: id, name, title",
        ),
        ("attach('shop.product', null)", "shop.product has no column '' for url"),
        (
            "attach('shop.product', 'price')",
            "Column price of shop.product is of type numeric; one for url holds text",
        ),
        ("attach('shop.product', 'photo_url', '{price}')", "one for caption holds text"),
        (
            "attach('shop.product', 'photo_url', taken_at_column => 'name')",
            "one for taken_at is a timestamp or a date",
        ),
        (
            "attach('shop.product', 'photo_url', longitude_column => 'name', latitude_column => 'price')",
            "one for longitude holds degrees as numbers",
        ),
        (
            "attach('shop.product', 'photo_url', longitude_column => 'price')",
            "longitude_column and latitude_column come together",
        ),
        (
            "attach('shop.product', 'photo_url', metadata_columns => '{no}')",
            "has no column 'no' for metadata",
        ),
        ("attach('shop.product', 'photo_url', collection => ' ')", "The collection is empty"),
        ("attach('shop.product', 'photo_url', model => 'none')", 'There is no model "none" here'),
        ("attach('shop.no_key', 'url')", "shop.no_key has no primary key .* add primary key"),
        ("attach('shop.view', 'photo_url')", "shop.view cannot be attached: only tables of your own can"),
        ("attach('clipsql.image', 'url')", "clipsql.image cannot be attached"),
        ("attach('pg_class', 'relname')", "pg_class cannot be attached: only tables of your own can"),
        ("attach('shop.part_1', 'url')", "shop.part_1 cannot be attached: it is a partition"),
        ("attach(null, 'url')", "There is no table null"),
        (
            "reattach('shop.product', 'photo_url')",
            "No pictures are attached to shop.product; attached are: shop.attached",
        ),
        ("reattach('shop.attached', 'none')", "has no column 'none' for url"),
        ("attach('shop.attached', 'url')", "Column url of shop.attached is attached already"),
        ("detach('shop.product')", "No pictures are attached to shop.product"),
        (
            "detach('shop.attached', url_column => 'photo_url')",
            "No pictures are attached to shop.attached by its column photo_url",
        ),
        ("search_rows(null::shop.product, 'a')", "No pictures are attached to shop.product"),
        ("search_rows(1, 'a')", "No pictures are attached to null"),
    ],
)
def test_what_cannot_be_attached_is_refused_with_the_remedy(
    shop: Driver, model: ModelRow, call: str, told: str
) -> None:
    shop.execute(
        "create table shop.no_key (id integer unique, url text); create view shop.view as select * from shop.product;"
        "create table shop.part (id integer primary key, url text) partition by range (id);"
        "create table shop.part_1 partition of shop.part for values from (1) to (9);"
        "create table shop.attached (id integer primary key, url text); select clipsql.attach('shop.attached', 'url')"
    )
    if call.startswith("search_rows"):
        zeros = literal([1.0] * model.dimensions)
        call = call[:-1] + f", query_vector => '{zeros}')"
    with pytest.raises(psycopg.Error, match=told) as caught:
        shop.execute(f"select clipsql.{call}".encode())
    assert (caught.value.sqlstate or "").startswith("CQ")
    assert rows(shop, "select source_name from clipsql.attachment_status") == [("shop.attached",)]
