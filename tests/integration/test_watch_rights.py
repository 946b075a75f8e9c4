"""Who sees and changes watches and alarms: a writer his own, a reader those of pictures that he sees."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL

from clipsql.db.engine import create_engine
from clipsql.db.models import add_space

Connection = psycopg.Connection[tuple[Any, ...]]
ROLES = {"anna": "writer", "bert": "writer", "cleo": "reader"}


def role(name: str) -> str:
    return f"clipsql_test_{name}_{os.getpid()}"


@pytest.fixture
def sessions(new_database: Callable[..., URL], template: str) -> Iterator[dict[str, Connection]]:
    """Sessions of the owner, of two writers and of a reader, on a database with a space of two dimensions."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    add_space(engine, "space", dimensions=2)
    with engine.begin() as connection:
        for name, kind in ROLES.items():
            connection.exec_driver_sql(f"create role {role(name)} login password 'secret'")
            connection.exec_driver_sql(f"grant clipsql_{kind} to {role(name)}")
    with ExitStack() as stack:
        found = {"owner": url} | {name: url.set(username=role(name), password="secret") for name in ROLES}
        yield {
            name: stack.enter_context(
                psycopg.connect(one.render_as_string(hide_password=False), autocommit=True)
            )
            for name, one in found.items()
        }
    with engine.begin() as connection:
        for name in ROLES:
            connection.exec_driver_sql(f"drop role {role(name)}")
    engine.dispose()


def rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values or None).fetchall()


def watch(connection: Connection, name: str, arguments: str = "min_similarity => 0.5") -> None:
    rows(connection, f"select clipsql.watch(%s, query_vector => '[1,0]', {arguments})", name)


def put(connection: Connection, collection: str, url: str) -> int:
    ((image_id,),) = rows(connection, "select clipsql.put_image(%s, %s, '[1,0]')", collection, url)
    return int(image_id)


def names(connection: Connection) -> list[str]:
    return [name for (name,) in rows(connection, "select name from clipsql.watch_list order by name")]


def seen(connection: Connection) -> list[tuple[int, int]]:
    return [
        (int(a), int(b))
        for a, b in rows(connection, "select watch_id, image_id from clipsql.alert order by 1, 2")
    ]


def test_a_writer_watches_and_all_see_it_and_its_owner_alone_changes_it(
    sessions: dict[str, Connection],
) -> None:
    anna, bert, cleo = sessions["anna"], sessions["bert"], sessions["cleo"]
    watch(anna, "of anna")
    image = put(bert, "c", "u")
    for one in sessions.values():
        assert names(one) == ["of anna"]
        assert seen(one) == [(1, image)]
        assert rows(one, "select alerts from clipsql.watch_stats") == [(1,)]
        assert rows(one, "select alarms from clipsql.backtest('of anna')") == [(1,)]
    for call in (
        "unwatch('of anna')",
        "pause_watch('of anna')",
        "resume_watch('of anna')",
        "judge_alert(1, true)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="another role's, who alone"):
            rows(bert, f"select clipsql.{call}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="choose another name"):
        watch(bert, "of anna")
    for change in (
        "update clipsql.watch_list set is_paused = true",
        "delete from clipsql.watch_list",
        "update clipsql.alert set verdict = true",
        "delete from clipsql.alert",
        "update clipsql_private.watch_vector set is_paused = true",
        "delete from clipsql_private.watch_vector",
    ):
        assert bert.execute(change.encode()).rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cleo.execute(change.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bert.execute(
            f"insert into clipsql.watch_list (name, owner, filters, timezone, min_similarity)"
            f" values ('x', '{role('anna')}', '{{}}', 'UTC', 0)".encode()
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        watch(cleo, "of cleo")
    rows(anna, "select clipsql.judge_alert(1, true)")
    rows(anna, "select clipsql.pause_watch('of anna')")
    put(bert, "c", "v")
    assert rows(cleo, "select verdict from clipsql.alert") == [(True,)]
    rows(anna, "select clipsql.unwatch('of anna')")
    assert names(cleo) == []


def test_who_has_the_owners_rights_changes_a_watch_and_a_dropped_owner_harms_nothing(
    sessions: dict[str, Connection],
) -> None:
    owner, anna, bert = sessions["owner"], sessions["anna"], sessions["bert"]
    owner.execute(f"grant {role('anna')} to {role('bert')}".encode())
    watch(anna, "shared")
    watch(bert, "shared", "min_similarity => 0.7")
    assert rows(anna, "select owner, min_similarity from clipsql.watch_list") == [(role("anna"), 0.7)]
    owner.execute("update clipsql.watch_list set owner = 'nobody at all'")
    put(bert, "c", "u")
    assert len(seen(anna)) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(anna, "select clipsql.unwatch('shared')")
    rows(owner, "select clipsql.unwatch('shared')")


def test_only_the_owner_of_a_watch_moves_it_to_another_model(sessions: dict[str, Connection]) -> None:
    watch(sessions["anna"], "of anna")
    rows(sessions["owner"], "select clipsql.add_model('other', 4)")
    problems = "select problem is not null from clipsql.watch_list"
    for name, told in (("bert", False), ("anna", True)):
        assert rows(sessions[name], "select clipsql.move_watches('other')") == [(0,)]
        assert rows(sessions[name], problems) == [(told,)]
    rows(sessions["anna"], "update clipsql.watch_list set problem = null returning 1")
    sessions["owner"].execute("alter table clipsql.image enable row level security")
    sessions["owner"].execute("update clipsql.watch_list set min_percentile = 50, query = 'a truck'")
    assert rows(sessions["owner"], "select clipsql.move_watches('other')") == [(0,)]
    ((problem,),) = rows(sessions["owner"], "select problem from clipsql.watch_list")
    assert f"a rate is of the pictures that {role('anna')} sees, who alone can move this" in problem


def test_a_writer_judges_matches_and_a_reader_counts_them(sessions: dict[str, Connection]) -> None:
    images = [put(sessions["anna"], "c", str(number)) for number in range(12)]
    for image in images:
        rows(sessions["bert"], f"select clipsql.judge_match('a truck', {image}, {image != images[0]})")
    told = "select matches, low, high from clipsql.count_matches('a truck', 'all', query_vector => '[1,0]')"
    for one in sessions.values():
        assert rows(one, told) == [(11, 11, 11)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(sessions["cleo"], f"select clipsql.judge_match('a truck', {images[0]}, true)")


@pytest.fixture
def tenants(sessions: dict[str, Connection]) -> dict[str, Connection]:
    """Each writer sees the pictures of the collection that has his name, the reader those of anna."""
    for statement in (
        "alter table clipsql.image enable row level security",
        "create policy of_tenant on clipsql.image using (collection = current_setting('app.tenant', true))",
    ):
        sessions["owner"].execute(statement.encode())
    for name, tenant in (("anna", "anna"), ("bert", "bert"), ("cleo", "anna")):
        sessions[name].execute(f"set app.tenant = '{tenant}'".encode())
    return sessions


def test_under_a_policy_nobody_sees_anothers_watch_or_picture(tenants: dict[str, Connection]) -> None:
    watch(tenants["anna"], "a")
    watch(tenants["bert"], "b")
    images = {name: put(tenants[name], name, "u") for name in ("anna", "bert")}
    assert (names(tenants["anna"]), names(tenants["bert"]), names(tenants["cleo"])) == (["a"], ["b"], [])
    assert seen(tenants["anna"]) == [(1, images["anna"])]
    assert seen(tenants["bert"]) == [(2, images["bert"])]
    assert seen(tenants["cleo"]) == []
    assert len(seen(tenants["owner"])) == 4
    assert rows(tenants["bert"], "select name, alerts from clipsql.watch_stats") == [("b", 1)]
    assert rows(tenants["anna"], "select alarms from clipsql.backtest('a')") == [(1,)]
    assert rows(tenants["bert"], "select watch_id from clipsql_private.watch_vector") == [(2,)]
    for call in ("backtest('a')", "unwatch('a')", "judge_alert(1, true)"):
        with pytest.raises(psycopg.Error, match="There is no"):
            rows(tenants["bert"], f"select * from clipsql.{call}")


def test_under_a_policy_counts_are_of_pictures_that_are_seen(tenants: dict[str, Connection]) -> None:
    images = {
        name: [put(tenants[name], name, str(number)) for number in range(size)]
        for name, size in (("anna", 10), ("bert", 3))
    }
    asked = "'a truck', query_vector => '[1,0]'"
    for image in images["anna"]:
        rows(tenants["anna"], f"select clipsql.judge_match('a truck', {image}, true)")
    told = f"select matches, checked, pictures from clipsql.count_matches({asked}, by => 'all')"
    assert rows(tenants["cleo"], told) == [(10, 10, 10)]
    assert rows(tenants["bert"], told) == [(None, 0, 3)]
    to_check = rows(tenants["bert"], f"select image_id from clipsql.next_to_check({asked})")
    assert sorted(image for (image,) in to_check) == images["bert"]
    with pytest.raises(psycopg.Error, match="There is no image"):
        rows(tenants["bert"], f"select clipsql.judge_match('a truck', {images['anna'][0]}, false)")


def test_a_webhook_is_told_of_its_owners_watches_where_a_policy_hides_pictures(
    tenants: dict[str, Connection],
) -> None:
    for name in ("anna", "bert", "owner"):
        watch(tenants[name], name)
        rows(
            tenants[name],
            "insert into clipsql_private.webhook (owner, address) values (current_user, 'https://example.org/')"
            " returning 1",
        )
    put(tenants["anna"], "anna", "u")
    told = (
        "select l.name from clipsql_private.delivery as d join clipsql.alert as a using (alert_id)"
        " join clipsql.watch_list as l using (watch_id) join clipsql_private.webhook as h using (webhook_id)"
        " where h.owner = l.owner order by 1"
    )
    assert rows(tenants["owner"], told) == [("anna",), ("bert",), ("owner",)]
    assert rows(tenants["owner"], "select count(*) from clipsql_private.delivery") == [(3,)]
    assert rows(tenants["anna"], "select count(*) from clipsql_private.delivery") == [(1,)]
    tenants["owner"].execute("alter table clipsql.image disable row level security")
    put(tenants["anna"], "anna", "v")
    assert rows(tenants["owner"], "select count(*) from clipsql_private.delivery") == [(12,)]


def test_a_percentile_is_of_all_pictures_or_of_none(tenants: dict[str, Connection]) -> None:
    watch(tenants["owner"], "all")
    watch(tenants["anna"], "a")
    put(tenants["anna"], "anna", "u")
    rows(tenants["owner"], "select clipsql.enable_tenants()::text")
    put(tenants["anna"], "anna", "v")
    put(tenants["owner"], "anna", "w")
    told = rows(
        tenants["owner"],
        "select w.name, i.url, a.percentile is not null from clipsql.alert as a"
        " join clipsql.watch_list as w using (watch_id) join clipsql.image as i using (image_id) order by 1, 2",
    )
    assert told == [
        *(("a", url, False) for url in ("u", "v", "w")),
        *(("all", url, is_told) for url, is_told in (("u", True), ("v", False), ("w", True))),
    ]


def test_a_rate_is_of_the_pictures_that_its_maker_sees(tenants: dict[str, Connection]) -> None:
    for day in range(1, 11):
        for tenant, number in (("anna", 1), ("bert", 4)):
            for n in range(number):
                rows(
                    tenants[tenant],
                    f"select clipsql.put_image('{tenant}', '{day} {n}', '[1,0]', taken_at => '2026-01-{day:02}')",
                )
    with pytest.raises(psycopg.Error, match="no more than 1 alarms a day"):
        watch(tenants["anna"], "a", "alarms_per_day => 2")
    watch(tenants["bert"], "b", "alarms_per_day => 2")


def test_no_alarm_of_one_tenant_is_folded_into_that_of_another(tenants: dict[str, Connection]) -> None:
    watch(tenants["anna"], "a", "min_similarity => 0.5, once_per => '365 days'")
    put(tenants["bert"], "bert", "u")
    image = put(tenants["anna"], "anna", "u")
    put(tenants["anna"], "anna", "v")
    assert seen(tenants["anna"]) == [(1, image)]
    assert rows(tenants["anna"], "select repeats from clipsql.alert") == [(1,)]
