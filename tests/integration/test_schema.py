"""sql/ and the database agree, and every function states its nature honestly."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.db.schema.preparing import set_search_path
from clipsql.db.statements import driver_connection
from clipsql.db.tables.pictures import Image

FUNCTIONS = """
    select p.oid::regprocedure::text as signature, p.proname, pg_get_functiondef(p.oid) as definition,
        obj_description(p.oid) as comment, p.provolatile as volatility,
        p.proparallel as parallel, p.prosecdef and p.prorettype <> 'trigger'::regtype as definer
    from pg_proc as p where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) order by 1
"""

VIEWS = """
    select c.relname, pg_get_viewdef(c.oid), c.reloptions,
        (select array_agg(d.description order by d.objsubid) from pg_description as d where d.objoid = c.oid)
    from pg_class as c
    where c.relkind = 'v' and c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) order by 1
"""


def functions(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(FUNCTIONS).mappings()]


def test_sql_files_and_the_database_agree(engine: Engine) -> None:
    files = assets.newest_sql_files("functions")
    with engine.connect() as connection:
        set_search_path(connection)
        driver = driver_connection(connection)
        before = functions(connection)
        assert {row["proname"] for row in before} == set(files)
        assert len(before) == len(files), "one function of a name"
        views_before = connection.exec_driver_sql(VIEWS).all()
        assert [name for name, *_ in views_before] == sorted(assets.newest_sql_files("views"))
        # The generated column needs its functions: it is dropped with them, and is not compared here.
        for name, *_ in views_before:
            driver.execute(f"drop view clipsql.{name}".encode())
        for row in before:
            driver.execute(f"drop function if exists {row['signature']} cascade".encode())
        assert functions(connection) == []
        driver.execute("set local check_function_bodies = off")  # any order will do
        left = dict(files)
        while left:  # bodies that are parsed at creation need what they call
            done = []
            for name, file in left.items():
                try:
                    with driver.transaction():
                        driver.execute(file.read_bytes())
                    done.append(name)
                except Exception as error:
                    reason = error
            assert done, reason
            left = {name: file for name, file in left.items() if name not in done}
        for file in assets.newest_sql_files("views").values():
            driver.execute(file.read_bytes())
        assert functions(connection) == before
        assert connection.exec_driver_sql(VIEWS).all() == views_before
        connection.rollback()


ASKS_SHARDS = (
    *("ask_shards", "answer_of_shards", "vector_of_shards", "content_of_shards"),
    *("put_on_shard", "remove_from_shards"),
)


def test_every_function_is_described_and_honest(engine: Engine) -> None:
    with engine.connect() as connection:
        found = functions(connection)
    assert found
    for row in found:
        name, definition = row["signature"], row["definition"]
        assert row["comment"], name
        # Triggers may be, which nobody can call; and what asks shards, as the owner, who alone has their passwords.
        assert row["definer"] == (name.split("(")[0].removeprefix("clipsql_private.") in ASKS_SHARDS), name
        body = re.split(r"\bAS \$\w*\$|\bRETURN\b|BEGIN ATOMIC", definition, maxsplit=1)[1]
        body = re.sub(
            r"'[^']*'", "''", re.sub(r"--.*", "", body)
        )  # SQL that is only put together reads nothing
        if re.search(r"\b(from|join)\s+(clipsql(?:_private)?\.[a-z_]+|pg_catalog\.[a-z_]+)(?!\w*\()\b", body):
            assert row["volatility"] != "i", f"{name} reads a table, so it is not immutable"
        if "set_config(" in body:
            assert row["parallel"] == "u", f"{name} changes settings, so it is parallel unsafe"
        if row["volatility"] == "i":
            called = re.findall(r"clipsql(?:_private)?\.(\w+)\(", body)
            others = {other["proname"]: other["volatility"] for other in found}
            assert all(others[one] == "i" for one in called if one in others), (
                f"{name} calls what is not immutable"
            )


@pytest.mark.parametrize("kind", ["functions", "types", "views"])
def test_each_sql_file_makes_the_one_thing_that_it_is_named_after(kind: str) -> None:
    word = kind.removesuffix("s")
    for name, file in assets.newest_sql_files(kind).items():
        text = file.read_text("utf-8")
        assert text.startswith("--"), name
        assert re.findall(rf"create (?:or replace )?{word} clipsql(?:_private)?\.(\w+)", text) == [name]
        assert re.findall(rf"comment on {word} clipsql(?:_private)?\.(\w+)", text) == [name]


def test_no_function_reads_backslashes_as_a_session_says(engine: Engine) -> None:
    """A body kept as text is read anew in each session: with standard_conforming_strings off '\\s' is 's'."""
    with engine.connect() as connection:
        bodies = connection.exec_driver_sql(
            "select oid::regprocedure, prosrc from pg_proc where prosqlbody is null"
            " and pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"
        ).all()
    for name, body in bodies:
        # Comments, dollar quotes, and e'' with the lines that go on from it.
        safe = re.sub(r"--.*|\$(\w*)\$.*?\$\1\$|\be('(?:[^'\\]|\\.|'')*'\s*)+", "", body)
        assert "\\" not in safe, name


PUBLIC_WITHOUT_COMMENT = """
    select 'relation ' || c.oid::regclass::text
    from pg_class as c
    where c.relnamespace = 'clipsql'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and obj_description(c.oid, 'pg_class') is null
    union all
    select format('column %%s.%%s', c.oid::regclass, a.attname)
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'clipsql'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
        and col_description(c.oid, a.attnum) is null
    union all
    -- Not the types that come with tables, nor arrays, which PostgreSQL makes by itself.
    select 'type ' || t.oid::regtype::text
    from pg_type as t
    left join pg_class as c on c.oid = t.typrelid
    where t.typnamespace = 'clipsql'::regnamespace and t.typelem = 0 and coalesce(c.relkind = 'c', true)
        and obj_description(t.oid, 'pg_type') is null
    union all
    select 'function ' || p.oid::regprocedure::text
    from pg_proc as p
    where p.pronamespace = 'clipsql'::regnamespace and obj_description(p.oid, 'pg_proc') is null
    union all
    select 'schema ' || n.nspname
    from pg_namespace as n
    where n.nspname in ('clipsql', 'clipsql_private') and obj_description(n.oid, 'pg_namespace') is null
    order by 1
"""


def test_everything_public_has_a_comment(engine: Engine) -> None:
    with engine.begin() as connection:
        assert connection.exec_driver_sql(PUBLIC_WITHOUT_COMMENT).all() == []
        for thing in (
            "create table clipsql.a (b integer)",
            "create view clipsql.c as select 1 as d",
            "create type clipsql.e as (f integer)",
            "create type clipsql.g as enum ('h')",
            "create function clipsql.i() returns integer language sql return 1",
            "comment on schema clipsql is null",
        ):
            connection.exec_driver_sql(thing)
        seen = connection.exec_driver_sql(PUBLIC_WITHOUT_COMMENT).all()
        assert len(seen) == 9, seen  # a relation, a type with columns each count twice
        connection.rollback()


def test_columns_of_a_picture_come_in_the_documented_order(engine: Engine) -> None:
    with engine.connect() as connection:
        columns = connection.exec_driver_sql(
            "select attname from pg_attribute where attrelid = 'clipsql.image'::regclass and attnum > 0 order by attnum"
        ).scalars()
        documented = [
            "image_id", "collection", "url", "file", "sha256", "width", "height", "format", "taken_at",
            "longitude", "latitude", "metadata", "status", "failure", "error", "added_at",
        ]  # fmt: skip
        assert list(columns) == documented
    assert [column.name for column in Image.__table__.columns] == documented


# Functions, operators and casts that a parsed body calls, whatever they are called in.
CALLED_IN_BODY = """
    select p.oid::regprocedure::text, c.oid::regprocedure::text
    from pg_proc as p
    cross join lateral regexp_matches(
        p.prosqlbody::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') as m(ids)
    join pg_proc as c on c.oid = m.ids[1]::oid
    where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        and p.provolatile = 'i' and c.provolatile <> 'i'
    union
    -- A cast by way of text calls the type's input function; a literal was read when the function was made.
    select p.oid::regprocedure::text, t.typinput::regprocedure::text
    from pg_proc as p
    cross join lateral regexp_matches(p.prosqlbody::text, 'COERCEVIAIO .*? :resulttype ([0-9]+)', 'g') as m(ids)
    join pg_type as t on t.oid = m.ids[1]::oid
    join pg_proc as c on c.oid = t.typinput
    where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        and p.provolatile = 'i' and c.provolatile <> 'i'
"""
# A body in a string is known by its words only: a name of which there is no immutable function, or a cast to a type
# whose reading or writing depends on settings.
SAFEST = """
    select p.proname, bool_or(p.provolatile = 'i') from pg_proc as p
    where p.pronamespace in ('pg_catalog'::regnamespace, 'public'::regnamespace) and p.proname = any (%s)
    group by p.proname
"""
CHANGING_CAST = re.compile(
    r"::\s*(timestamptz|timestamp|date|time\b|timetz|interval|money|reg\w+|oid\b)", re.IGNORECASE
)
SYNTAX = {
    "and",
    "or",
    "not",
    "in",
    "values",
    "exists",
    "any",
    "all",
    "case",
    "if",
    "elsif",
    "when",
    "between",
    "as",
}


def test_no_immutable_function_calls_a_stable_one(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = driver_connection(connection)
        assert driver.execute(CALLED_IN_BODY).fetchall() == []
        bodies = driver.execute(
            "select p.oid::regprocedure::text, p.prosrc from pg_proc as p where p.provolatile = 'i'"
            " and p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) and p.prosqlbody is null"
        ).fetchall()
        assert bodies
        for name, body in bodies:
            code = re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", body)
            assert not CHANGING_CAST.search(code), f"{name} casts to what depends on settings"
            called = {word.lower() for word in re.findall(r"(?<![.\w])(\w+)\s*\(", code)} - SYNTAX
            found = dict(driver.execute(SAFEST, (list(called),)).fetchall())
            assert [word for word, is_immutable in found.items() if not is_immutable] == [], name


def test_what_loads_pgvector_stands_before_what_needs_it_in_a_dump(engine: Engine) -> None:
    with engine.connect() as connection:
        loader, *needy = connection.exec_driver_sql(
            "select p.proname from pg_proc as p where p.pronamespace = 'clipsql_private'::regnamespace"
            " and (p.proname = 'load_pgvector' and p.prosqlbody::text like '%%CONST%%'"
            "      or array_to_string(p.proconfig, ' ') like '%%hnsw.%%') order by p.proname collate \"C\""
        ).scalars()
        public = connection.exec_driver_sql(
            "select p.proname from pg_proc as p where p.pronamespace = 'clipsql'::regnamespace"
            " and array_to_string(p.proconfig, ' ') like '%%hnsw.%%'"
        ).scalars()
        assert (loader, bool(needy), public.all()) == ("load_pgvector", True, [])


def test_what_runs_a_filter_wants_every_row_of_an_index(engine: Engine) -> None:
    """A session may ask GIN indexes for a part of the rows; a search may not."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select oid::regprocedure, 'gin_fuzzy_search_limit=0' = any(proconfig) from pg_proc"
            " where pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"
            " and prosrc ~ '\\mexecute\\M' and prosrc ~ 'conditions'"
        ).all()
    assert len(found) >= 9
    assert [name for name, wants_all in found if not wants_all] == []
