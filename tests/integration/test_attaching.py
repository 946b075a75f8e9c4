"""Tables that are there already get picture search, and keep it whatever is written to them."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from integration.attached_shop import (
    ATTACH,
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
from picture_server import PictureServer
from sqlalchemy.engine import Engine

from clipsql.db.statements import Driver, autocommit_connection
from clipsql.encoding import Encoder
from clipsql.ingest.attached import AttachedTables

__all__ = ["shop", "work"]  # fixtures


def test_rows_that_are_there_and_rows_that_come_are_embedded_and_found(
    shop: Driver, work: Work, web: PictureServer, encoder: Encoder
) -> None:
    for number in range(5):
        shop.execute("insert into shop.product (title, photo_url) values ('before', %s)", (web.url(number),))
    assert one(shop, ATTACH) == "clipsql.product_picture"
    assert status(shop) == (5, 0, 5, 0, 0)
    for number in range(5, 8):
        shop.execute("insert into shop.product (title, photo_url) values ('after', %s)", (web.url(number),))
    shop.execute("insert into shop.product (title) values ('no picture'), ('blank')")
    shop.execute("update shop.product set photo_url = ' ' where title = 'blank'")
    work()
    assert status(shop) == (10, 8, 0, 0, 2)
    for number in range(8):
        assert found_ids(shop, encoder, number, max_results="1") == [number + 1]
    assert len(found_ids(shop, encoder, 0, max_results="100")) == 8
    assert one(shop, "select count(*) from clipsql.caption_embedding") == 8
    assert set(web.asked.values()) == {1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            "update shop.product set photo_url = replace(photo_url, '/1.', '/9.') where id = 2",
            [0, 9, 2],
            id="address",
        ),
        pytest.param("update shop.product set id = 50 where id = 2", [0, 2, 1], id="key"),
        pytest.param(
            "update shop.product set id = -id; update shop.product set id = 4 + id",
            [2, 1, 0],
            id="keys that change places",
        ),
        pytest.param("delete from shop.product where id = 2", [0, 2], id="delete"),
        pytest.param("update shop.product set photo_url = null where id = 2", [0, 2], id="no address"),
        pytest.param("truncate shop.product", [], id="truncate"),
        pytest.param("begin; delete from shop.product; rollback", [0, 1, 2], id="rollback"),
        pytest.param(
            "merge into shop.product as p using (values (2), (7)) as n(id) on p.id = n.id"
            " when matched then update set photo_url = replace(photo_url, '/1.', '/9.')"
            " when not matched then insert (id, photo_url) values (n.id, null)",
            [0, 9, 2],
            id="merge",
        ),
    ],
)
def test_every_kind_of_write_is_followed(
    shop: Driver, work: Work, web: PictureServer, encoder: Encoder, change: str, expected: list[int]
) -> None:
    for number in range(3):
        shop.execute("insert into shop.product (photo_url) values (%s)", (web.url(number),))
    one(shop, ATTACH)
    work()
    asked = web.asked.copy()
    shop.execute(change.encode())
    work()
    assert status(shop, "pending, failed") == (0, 0)
    assert [url for _, url in linked(shop)] == [web.url(number) for number in expected]
    assert rows(shop, "select url from clipsql.image order by 1") == sorted(
        (web.url(number),) for number in expected
    )
    for number in expected:
        (found, *_) = found_ids(shop, encoder, number)
        assert one(shop, "select photo_url from shop.product where id = %s", found) == web.url(number)
    assert sum((web.asked - asked).values()) == (1 if 9 in expected else 0), "nothing is embedded twice"


def test_an_unrelated_update_notes_nothing(engine: Engine, shop: Driver, web: PictureServer) -> None:
    shop.execute(
        "insert into shop.product (photo_url, title, price) values (%s, 'a', 1), (%s, 'b', null)",
        (web.url(0), web.url(1)),
    )
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute("update shop.product set name = 'other', title = title, price = price, id = id")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 0
    shop.execute("update shop.product set price = 2 where id = 2")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 1
    keep_up(engine)
    assert rows(shop, "select metadata ->> 'price' from clipsql.image order by image_id") == [("1",), ("2",)]


# Tables of every kind


KEYS = {
    "uuid": ("id uuid primary key", "gen_random_uuid()"),
    "text": ('id text collate "C" primary key', "'key ' || g || ' \"quoted\"'"),
    "two columns": ("id integer, size text, unique (size, id), primary key (id, size)", "g, 'size ' || g"),
    "unique": ("id integer unique not null", "g"),
    "names of ours": (
        "image_id bigint, changed_at date, primary key (image_id, changed_at)",
        "g, date '2025-01-01' + g",
    ),
    "names near ours": (
        "image_id integer, row_image_id integer, primary key (image_id, row_image_id)",
        "g, g",
    ),
    "quoted": ('"Odd ""key""" bigint primary key', "g"),
    "domain": ("id public.code primary key", "'c' || g"),
    "domain on a domain": ("id public.long_code primary key", "'c' || g"),
    "generated": (
        "name text, id text generated always as ('c' || name) stored primary key",
        "g",
    ),
}


@pytest.mark.parametrize(
    ("columns", "values"), [pytest.param(*given, id=name) for name, given in KEYS.items()]
)
def test_rows_are_known_by_a_key_of_any_type(engine: Engine, shop: Driver, columns: str, values: str) -> None:
    shop.execute(
        "create domain public.code as text check (value <> ''); create domain public.long_code as public.code"
    )
    shop.execute(f'create table shop."Odd table" ("photo url" text, {columns})'.encode())
    rows_to_add = f"select 'https://h.example/' || g, {values} from generate_series(%s::int, %s) as g"
    add = f'insert into shop."Odd table" {rows_to_add}'
    shop.execute(add.encode(), (1, 4))
    shop.execute("select clipsql.attach('shop.\"Odd table\"', 'photo url', collection => 'odd')")
    shop.execute(add.encode(), (5, 9))
    keep_up(engine)
    assert status(shop, "rows, pending") == (9, 9)
    assert one(shop, "select count(*) from clipsql.image where collection = 'odd'") == 9
    shop.execute('delete from shop."Odd table" where "photo url" like \'%3\'')
    shop.execute(
        'update shop."Odd table" set "photo url" = "photo url" || \'x\' where "photo url" like \'%4\''
    )
    keep_up(engine)
    urls = [url for (url,) in rows(shop, "select url from clipsql.image order by 1")]
    assert urls == [f"https://h.example/{n}" for n in ("1", "2", "4x", "5", "6", "7", "8", "9")]
    link = status(shop, "link")
    assert one(shop, f"select count(*) from {link} where image_id is not null") == 8


@pytest.mark.parametrize(
    ("kind", "value", "captions"),
    [
        pytest.param("public.mood", "glad", ["glad"], id="enum"),
        pytest.param("public.mood[]", "{glad,sad}", ["glad", "sad"], id="enums"),
        pytest.param("public.words", "{one,two}", ["one", "two"], id="domain on a list"),
        pytest.param("public.some_words", "{one,two}", ["one", "two"], id="domain on a domain on a list"),
        pytest.param("varchar(10)[]", "{one,NULL}", ["one"], id="list"),
        pytest.param("char(5)", "one", ["one"], id="padded"),
    ],
)
def test_captions_come_from_whatever_says_text(
    engine: Engine, shop: Driver, kind: str, value: str, captions: list[str]
) -> None:
    shop.execute(
        "create type public.mood as enum ('glad', 'sad'); create domain public.words as text[];"
        "create domain public.some_words as public.words;"
        f"create table shop.thing (id integer primary key, url text, told {kind})".encode()
    )
    one(shop, "select clipsql.attach('shop.thing', 'url', '{told}')")
    shop.execute("insert into shop.thing values (1, 'https://h.example/1', %s)", (value,))
    shop.execute("insert into shop.thing values (2, 'https://h.example/2', null)")
    keep_up(engine)
    assert [body for (body,) in rows(shop, "select body from clipsql.caption order by body")] == captions
    assert status(shop, "pending, failed") == (2, 0)


def test_times_are_the_same_in_metadata_whatever_the_time_zone_of_who_searches(
    shop: Driver, work: Work, web: PictureServer, encoder: Encoder
) -> None:
    shop.execute(
        "create domain public.moment as timestamptz;"
        "create table shop.thing (id integer primary key, url text, at timestamptz, moment public.moment)"
    )
    one(shop, "select clipsql.attach('shop.thing', 'url', null, '{at,moment}', 'moment')")
    shop.execute(
        "insert into shop.thing values (1, %s, '2025-01-01 12:00Z', '2025-01-01 12:00Z')", (web.url(0),)
    )
    work()
    assert one(shop, "select taken_at = '2025-01-01 12:00Z' from clipsql.image")
    for zone in ("UTC", "Asia/Tokyo"):
        shop.execute(f"set timezone = '{zone}'".encode())
        for name in ("at", "moment"):
            told = f'\'{{"{name}": "2025-01-01T12:00:00+00:00"}}\''
            assert found_ids(shop, encoder, 0, of="shop.thing", having_metadata=told) == [1], (zone, name)


def test_a_column_that_is_computed_when_it_is_read_is_followed(engine: Engine, shop: Driver) -> None:
    if shop.info.server_version < 180000:
        pytest.skip("virtual columns are new in PostgreSQL 18")
    shop.execute(
        """
        create table shop.thing (
            id integer primary key, host text, name text, unrelated text,
            url text generated always as ('https://' || host || '/' || name) virtual)
        """
    )
    one(shop, "select clipsql.attach('shop.thing', 'url')")
    shop.execute("insert into shop.thing values (1, 'h.example', 'a', null)")
    keep_up(engine)
    shop.execute("update shop.thing set unrelated = 'x'")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 0
    shop.execute("update shop.thing set name = 'b'; update shop.thing set host = 'k.example'")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 2
    keep_up(engine)
    assert rows(shop, "select url from clipsql.image") == [("https://k.example/b",)]


def test_tables_that_inherit_are_followed_when_they_are_written_directly(
    engine: Engine, shop: Driver
) -> None:
    shop.execute(
        """
        create table shop.thing (id integer primary key, url text);
        create table shop.thing_1 (more integer, primary key (id)) inherits (shop.thing);
        create table shop.thing_1_1 (primary key (id)) inherits (shop.thing_1);
        """
    )
    one(shop, "select clipsql.attach('shop.thing', 'url')")
    shop.execute(
        "insert into shop.thing values (1, 'https://h.example/1');"
        "insert into shop.thing_1 values (2, 'https://h.example/2', 0);"
        "insert into shop.thing_1_1 values (3, 'https://h.example/3', 0)"
    )
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 3
    keep_up(engine)
    shop.execute("delete from only shop.thing_1; update shop.thing set url = url || 'x' where id = 3")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 2
    keep_up(engine)
    assert status(shop, "rows, pending, state") == (2, 2, "ok")
    assert rows(shop, "select url from clipsql.image order by 1") == [
        ("https://h.example/1",),
        ("https://h.example/3x",),
    ]
    one(shop, "select clipsql.detach('shop.thing')")
    assert rows(shop, "select tgname from pg_trigger where tgname ~ '^clipsql_attachment'") == []


def test_a_rule_of_a_domain_that_came_later_keeps_nothing_from_being_noted(
    engine: Engine, shop: Driver
) -> None:
    shop.execute(
        "create domain public.code as text; create table shop.thing (id public.code primary key, url text)"
    )
    one(shop, "select clipsql.attach('shop.thing', 'url')")
    shop.execute("insert into shop.thing values ('old', 'https://h.example/1'), ('zoo', null)")
    keep_up(engine)
    shop.execute("alter domain public.code add check (value <> 'old') not valid")
    shop.execute("delete from shop.thing where url is not null")
    keep_up(engine)
    assert problems(shop) == []
    assert one(shop, "select count(*) from clipsql.image") == 0


def test_keys_of_several_columns_choose_rows(
    shop: Driver, work: Work, web: PictureServer, encoder: Encoder
) -> None:
    shop.execute("create table shop.thing (id integer, size text, url text, primary key (id, size))")
    for number in range(6):
        shop.execute(
            "insert into shop.thing values (%s, %s, %s)", (number // 2, f"s{number % 2}", web.url(number))
        )
    one(shop, "select clipsql.attach('shop.thing', 'url')")
    work()
    chosen = "array(select array[t.id::text, t.size] from shop.thing as t where t.size = 's1')"
    assert sorted(found_ids(shop, encoder, 0, of="shop.thing", only_rows=chosen)) == [0, 1, 2]
    none = "array(select array[t.id::text, t.size] from shop.thing as t where false)"
    assert found_ids(shop, encoder, 0, of="shop.thing", only_rows=none) == []
    for wrong in ("'{1}'", "'{{1,a,b}}'", "'{{x,s1}}'"):
        with pytest.raises(psycopg.Error, match="only_rows must hold keys") as caught:
            found_ids(shop, encoder, 0, of="shop.thing", only_rows=wrong)
        assert caught.value.sqlstate == "CQ004"


def test_partitions_are_followed_when_they_are_written_directly_and_when_they_come(
    engine: Engine, shop: Driver
) -> None:
    shop.execute(
        """
        create table shop.frame (id bigint, day integer, url text, primary key (id, day)) partition by list (day);
        create table shop.frame_1 partition of shop.frame for values in (1) partition by range (id);
        create table shop.frame_1_1 partition of shop.frame_1 for values from (0) to (1000);
        create table shop.frame_2 (day integer, url text, unrelated text, id bigint not null);
        alter table shop.frame_2 drop column unrelated, alter day set not null;
        alter table shop.frame attach partition shop.frame_2 for values in (2)
        """
    )
    one(shop, "select clipsql.attach('shop.frame', 'url')")
    shop.execute("insert into shop.frame values (1, 1, 'https://h.example/1'), (2, 2, 'https://h.example/2')")
    shop.execute("insert into shop.frame_2 (day, id, url) values (2, 3, 'https://h.example/3')")
    with shop.cursor().copy("copy shop.frame_1_1 (id, day, url) from stdin") as copy:
        copy.write("4\t1\thttps://h.example/4\n")
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 4
    shop.execute("update shop.frame set day = 2 where id = 4")
    shop.execute("create table shop.frame_3 partition of shop.frame for values in (3)")
    shop.execute("insert into shop.frame_3 (day, id, url) values (3, 5, 'https://h.example/5')")
    keep_up(engine)
    assert status(shop, "rows, pending, state") == (5, 5, "ok")
    assert one(shop, "select count(*) from clipsql.frame_picture") == 5
    shop.execute("delete from shop.frame_1_1; delete from shop.frame_2 where id = 3; drop table shop.frame_3")
    keep_up(engine)
    assert rows(shop, "select url from clipsql.image order by 1") == [
        ("https://h.example/2",),
        ("https://h.example/4",),
    ]


def test_what_no_trigger_sees_is_found_by_a_pass_over_all_rows(engine: Engine, shop: Driver) -> None:
    one(shop, ATTACH)
    with shop.transaction():  # as logical replication writes
        shop.execute("set local session_replication_role = replica")
        shop.execute(
            "insert into shop.product (photo_url) select 'https://h.example/' || g from generate_series(1, 7000) as g"
        )
    assert one(shop, "select count(*) from clipsql_private.changed_row") == 0
    keep_up(engine)
    assert one(shop, "select count(*) from clipsql.product_picture") == 7000
    with shop.transaction():
        shop.execute("set local session_replication_role = replica")
        shop.execute(
            "delete from shop.product where id > 10; update shop.product set title = 'new' where id = 1"
        )
        shop.execute("update shop.product set photo_url = 'https://h.example/new' where id = 2")
    keep_up(engine)
    assert rows(shop, "select url from clipsql.image where url ~ '/(1|2|new|11)$' order by 1") == [
        ("https://h.example/1",),
        ("https://h.example/new",),
    ]
    assert one(shop, "select count(*) from clipsql.image") == 10
    assert rows(shop, "select body from clipsql.caption") == [("new",)]


def test_two_attachments_and_two_tables_share_pictures(
    shop: Driver, work: Work, web: PictureServer, encoder: Encoder
) -> None:
    shop.execute(
        "insert into shop.product (photo_url, back_url, price) values (%s, %s, 1), (%s, %s, 100), (%s, null, 3)",
        (web.url(0), web.url(1), web.url(0), web.url(2), web.url(3)),
    )
    assert (
        one(shop, "select clipsql.attach('shop.product', 'photo_url', null, '{price}')")
        == "clipsql.product_picture"
    )
    assert one(shop, "select clipsql.attach('shop.product', 'back_url')") == "clipsql.product_back_url"
    shop.execute("create table public.product (id text primary key, photo_url text)")
    shop.execute("insert into public.product values ('x', %s)", (web.url(3),))
    assert one(shop, "select clipsql.attach('public.product', 'photo_url')") == "clipsql.product_photo_url"
    shop.execute("insert into clipsql.image (collection, url) values ('product', %s)", (web.url(9),))
    work()
    assert one(shop, "select count(*) from clipsql.image") == 5
    # Two rows have picture 0, and of each row its nearest picture counts.
    assert sorted(found_ids(shop, encoder, 0)[:2]) == [1, 2]
    assert found_ids(shop, encoder, 2, max_results="1") == [2]
    assert found_ids(shop, encoder, 2, max_results="1", url_column="'photo_url'") != [1, 2]
    assert sorted(found_ids(shop, encoder, 0)) == [1, 2, 3]
    assert found_ids(shop, encoder, 3, of="public.product") == ["x"]
    # Metadata are those of the row, as they are now.
    assert found_ids(shop, encoder, 0, url_column="'photo_url'", metadata_matches="'$.price < 50'") == [1, 3]
    shop.execute("update shop.product set price = 2 where id = 2")
    assert sorted(
        found_ids(shop, encoder, 0, url_column="'photo_url'", having_metadata="'{\"price\": 2}'")
    ) == [2]
    shop.execute("delete from shop.product where id = 1")
    work()
    assert one(shop, "select count(*) from clipsql.image where url = %s", web.url(0)) == 1
    assert set(web.asked.values()) == {1}, "a picture that another row has stays"
    shop.execute("delete from shop.product")
    work()
    urls = [url for (url,) in rows(shop, "select url from clipsql.image order by 1")]
    assert urls == sorted([web.url(3), web.url(9)])


def test_a_picture_that_was_there_before_stays_when_its_row_goes(engine: Engine, shop: Driver) -> None:
    shop.execute(
        "insert into clipsql.image (collection, url, metadata) values ('product', 'https://h.example/1', '{\"k\": 1}')"
    )
    one(shop, "select clipsql.attach('shop.product', 'photo_url')")
    shop.execute(
        "insert into shop.product (photo_url) values ('https://h.example/1'), ('https://h.example/2')"
    )
    keep_up(engine)
    shop.execute("delete from shop.product")
    keep_up(engine)
    assert rows(shop, "select url, metadata from clipsql.image") == [("https://h.example/1", {"k": 1})]


def test_a_worker_that_goes_on_follows_every_write_without_a_pass_over_all_rows(
    engine: Engine, shop: Driver
) -> None:
    one(shop, ATTACH)
    tables = AttachedTables(engine)
    with autocommit_connection(engine) as connection:

        def keep_on() -> list[Any]:
            while tables.step(connection):
                pass
            return rows(shop, "select url from clipsql.image order by 1")

        assert keep_on() == []
        looked = one(shop, "select reconciled_at from clipsql_private.attachment")
        shop.execute(
            "insert into shop.product (photo_url) select 'https://h.example/' || g from generate_series(1, 300) as g"
        )
        assert len(keep_on()) == 300
        shop.execute(
            "update shop.product set photo_url = photo_url || 'x' where id = 1; delete from shop.product where id > 2"
        )
        assert keep_on() == [("https://h.example/1x",), ("https://h.example/2",)]
        shop.execute("update shop.product set id = id + 10, price = 3")
        ids = rows(shop, "select image_id from clipsql.image order by 1")
        assert keep_on() == [("https://h.example/1x",), ("https://h.example/2",)]
        assert rows(shop, "select image_id from clipsql.image order by 1") == ids
        assert one(shop, "select reconciled_at from clipsql_private.attachment") == looked
        shop.execute("truncate shop.product")
        assert keep_on() == []
        assert one(shop, "select count(*) from clipsql.product_picture") == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("truncate shop.product", id="truncate"),
        pytest.param("select clipsql.reattach('shop.product', 'photo_url', '{name}')", id="reattach"),
    ],
)
def test_what_asks_for_a_pass_while_one_is_under_way_is_not_forgotten_when_that_ends(
    engine: Engine, shop: Driver, change: str
) -> None:
    shop.execute("insert into shop.product (photo_url, name) values ('https://h.example/1', 'n')")
    one(shop, ATTACH)
    keep_up(engine)
    shop.execute("update clipsql_private.attachment set reconciled_at = null")
    tables = AttachedTables(engine)
    with autocommit_connection(engine) as connection:
        for _ in range(2):  # its rows, then its links: what it looked at is as it should be
            tables.step(connection)
        shop.execute(change.encode())
        while tables.step(connection):
            pass
    left = [("n",)] if "reattach" in change else []
    assert (
        rows(shop, "select c.body from clipsql.image left join clipsql.caption as c using (image_id)") == left
    )


def test_a_key_that_changes_in_bulk_keeps_its_picture(engine: Engine, shop: Driver) -> None:
    shop.execute(
        "insert into shop.product (photo_url) select 'https://h.example/' || g from generate_series(1, 900) as g"
    )
    one(shop, ATTACH)
    keep_up(engine)
    ids = rows(shop, "select image_id from clipsql.image order by 1")
    shop.execute("update shop.product set id = id + 10000")
    keep_up(engine)
    assert rows(shop, "select image_id from clipsql.image order by 1") == ids
    assert one(shop, "select min(id) from clipsql.product_picture") == 10001
