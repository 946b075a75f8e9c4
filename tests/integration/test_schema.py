"""sql/ and the database agree, and every function states its nature honestly."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.db.schema.migrating import _set_search_path
from clipsql.db.statements import driver_connection

FUNCTIONS = """
    select p.oid::regprocedure::text as signature, p.proname, pg_get_functiondef(p.oid) as definition,
        obj_description(p.oid) as comment, p.provolatile as volatility,
        p.proparallel as parallel, p.prosecdef as definer
    from pg_proc as p where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) order by 1
"""


def functions(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(FUNCTIONS).mappings()]


def test_sql_files_and_the_database_agree(engine: Engine) -> None:
    files = assets.newest_sql_files("functions")
    with engine.connect() as connection:
        _set_search_path(connection)
        driver = driver_connection(connection)
        before = functions(connection)
        assert {row["proname"] for row in before} == set(files)
        assert len(before) == len(files), "one function of a name"
        view = "select pg_get_viewdef(v.oid), obj_description(v.oid) from (select %s::regclass as oid) as v"
        view_before = driver.execute(view, ("clipsql.collection_stats",)).fetchone()
        # The generated column needs its functions: it is dropped with them, and is not compared here.
        driver.execute("drop view clipsql.collection_stats")
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
        driver.execute(assets.newest_sql_files("views")["collection_stats"].read_bytes())
        assert functions(connection) == before
        assert driver.execute(view, ("clipsql.collection_stats",)).fetchone() == view_before
        connection.rollback()


def test_every_function_is_described_and_honest(engine: Engine) -> None:
    with engine.connect() as connection:
        found = functions(connection)
    assert found
    for row in found:
        name, definition = row["signature"], row["definition"]
        assert row["comment"], name
        assert not row["definer"], name
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


@pytest.mark.parametrize("kind", ["functions", "views"])
def test_each_sql_file_makes_the_one_thing_that_it_is_named_after(kind: str) -> None:
    word = kind.removesuffix("s")
    for name, file in assets.newest_sql_files(kind).items():
        text = file.read_text("utf-8")
        assert text.startswith("--"), name
        assert re.findall(rf"create or replace {word} clipsql(?:_private)?\.(\w+)", text) == [name]
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
