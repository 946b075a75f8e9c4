"""A dump restored by an ordinary role, and an older state of the schema, give the same answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from integration.filling import keep_up
from integration.kept_state import QUESTIONS, answers, keep_state
from integration.programs import run_program
from psycopg import sql
from sqlalchemy.engine import URL, Engine, make_url

from clipsql import errors
from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating

FROZEN = sorted((Path(__file__).parent.parent / "frozen").glob("*.sql"))
ROLE = "restorer"

# The extension is its administrator's, and its comment with it; owners and rights come back with the upgrade.
OPTIONS = ("--no-owner", "--no-privileges", "--extension=plpgsql")

# Who but the owner has which right to what, columns, partitions and tables of attachments included.
RIGHTS = """
    with object as (
        select c.oid::regclass::text as name, c.relacl as rights, c.relowner as owner
        from pg_class as c where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        union all
        select format('%s.%s', c.oid::regclass, a.attname), a.attacl, c.relowner
        from pg_attribute as a join pg_class as c on c.oid = a.attrelid
        where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        union all
        select p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
        from pg_proc as p where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        union all
        select n.nspname, n.nspacl, n.nspowner
        from pg_namespace as n where n.nspname in ('clipsql', 'clipsql_private')
        union all
        select t.oid::regtype::text, t.typacl, t.typowner
        from pg_type as t where t.typnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        union all
        select 'by default', d.defaclacl, d.defaclrole from pg_default_acl as d
    )
    select o.name, case x.grantee when 0 then 'public' else x.grantee::regrole::text end, x.privilege_type,
        x.is_grantable
    from object as o cross join lateral aclexplode(o.rights) as x
    where x.grantee <> o.owner
    order by 1, 2, 3
"""


@pytest.fixture(scope="module")
def kept(new_database: Callable[..., URL], template: str) -> URL:
    """A filled database, with a table attached."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    keep_state(engine)
    with engine.begin() as connection:
        for statement in (
            "create schema shop",
            "create table shop.thing (id integer primary key, url text)",
            "insert into shop.thing values (1, 'https://h.example/1'), (2, 'https://h.example/2')",
            "select clipsql.attach('shop.thing', 'url')",
        ):
            connection.exec_driver_sql(statement)
    keep_up(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("refresh materialized view report.cameras")
    engine.dispose()
    return url


@pytest.fixture
def target(bare_server: str) -> Iterator[URL]:
    """An empty database of an ordinary role, on a server that has none of clipsql's; only pgvector is in it."""
    with psycopg.connect(bare_server, autocommit=True) as administrator:
        administrator.execute(f"create role {ROLE} login password 'secret'")
        administrator.execute(f"create database restored owner {ROLE} template template0")
        url = make_url(bare_server).set(database="restored")
        with psycopg.connect(url.render_as_string(hide_password=False)) as inside:
            inside.execute("create extension vector")
        yield url.set(username=ROLE, password="secret")
        administrator.execute("drop database restored with (force)")
        for role in (ROLE, "clipsql_reader", "clipsql_writer"):
            administrator.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def rights(engine: Engine) -> list[tuple[str, ...]]:
    with engine.connect() as connection:
        connection.exec_driver_sql("set search_path = ''")
        return [tuple(row) for row in connection.exec_driver_sql(RIGHTS.replace("%", "%%"))]


def engine_of(url: URL) -> Engine:
    return create_engine(url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("dump", "restore", "complaint"),
    [
        pytest.param(
            ("--format=plain", *OPTIONS),
            ("psql", "--set=ON_ERROR_STOP=1", "--quiet", "--file={}"),
            None,
            id="plain",
        ),
        pytest.param(
            ("--format=custom", *OPTIONS),
            ("pg_restore", "--no-owner", "--exit-on-error", "{}"),
            None,
            id="custom",
        ),
        pytest.param(
            ("--format=directory", "--jobs=2", *OPTIONS),
            ("pg_restore", "--no-owner", "--jobs=2", "{}"),
            None,
            id="directory in parallel",
        ),
        pytest.param(
            ("--format=custom", "--extension=plpgsql"),
            ("pg_restore", "--no-owner", "{}"),
            'pg_restore: error: could not execute query: ERROR:  role "clipsql_{}" does not exist',
            id="with the rights of a role that is not there",
        ),
    ],
)
def test_a_dump_restored_by_an_ordinary_role_gives_every_answer(
    kept: URL, target: URL, bare_server: str, tmp_path: Path,
    dump: tuple[str, ...], restore: tuple[str, ...], complaint: str | None,
) -> None:  # fmt: skip
    run_program("pg_dump", kept, *dump, f"--file={tmp_path / 'dump'}")
    program, *options = (option.format(tmp_path / "dump") for option in restore)
    said = run_program(program, target, *options, may_fail=complaint is not None)
    expected = {complaint.format(role) for role in ("reader", "writer")} if complaint else set()
    assert {line for line in said.splitlines() if "ERROR" in line} <= expected

    source, restored = engine_of(kept), engine_of(target)
    with pytest.raises(errors.DatabaseNotReady, match="role clipsql_reader does not exist") as caught:
        migrating.upgrade(restored)
    with psycopg.connect(bare_server, autocommit=True) as administrator:
        administrator.execute(str(caught.value).split("run there: ")[1].encode())
    migrating.upgrade(restored)
    assert migrating.differences(restored) == []
    assert answers(restored) == answers(source)
    assert rights(restored) == rights(source)
    with psycopg.connect(bare_server, dbname="restored") as administrator:
        administrator.execute("set role clipsql_reader")
        for question in QUESTIONS:
            if "report." not in question:
                administrator.execute(question.encode())
    with restored.begin() as connection:
        connection.exec_driver_sql(
            "update clipsql.image set taken_at = '2031-01-01 00:00+00' where image_id <= 5"
        )
        moved = connection.exec_driver_sql(
            "select count(*) from clipsql_private.search_row as s where s.taken_at = '2031-01-01 00:00+00'"
        )
        assert moved.scalar() == 5, "search rows follow their pictures after a restore, too"
    for engine in (source, restored):
        engine.dispose()


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.stem)
def test_an_older_state_upgrades_to_the_newest_with_every_answer(
    file: Path, new_database: Callable[..., URL]
) -> None:
    url = new_database()
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("create extension vector")
    run_program("psql", url, "--set=ON_ERROR_STOP=1", "--quiet", f"--file={file}")
    migrating.upgrade(engine)
    assert migrating.differences(engine) == [], "while nothing is released, run: python tests/freeze.py"
    kept = json.loads(file.with_suffix(".json").read_text("utf-8"))
    assert {question: answers(engine)[question] for question in kept} == kept
    engine.dispose()


def test_the_rights_compared_are_those_of_every_kind(kept: URL) -> None:
    engine = engine_of(kept)
    names = {name: role for name, role, *_ in rights(engine)}
    engine.dispose()
    for name in ("clipsql_private.search_row_1", "clipsql.thing_picture", "clipsql_private.changed_row_1"):
        assert name in names
    assert "clipsql_private" in names
    assert any(name.startswith("clipsql.put_image(") for name in names)


def test_there_is_an_older_state() -> None:
    assert FROZEN
