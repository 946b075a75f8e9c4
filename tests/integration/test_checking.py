"""`db check` sees every difference and disturbs nobody; `db upgrade` brings back what was lost; scripts do the same."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner, Result
from integration.programs import run_program
from integration.test_migrating import catalog, run
from sqlalchemy.engine import URL, Engine, make_url

from clipsql import errors
from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.db.models import add_space
from clipsql.db.schema import migrating
from clipsql.db.schema.comparing import schema_differences
from clipsql.db.schema.preparing import set_search_path

ROOT = Path(__file__).resolve().parent.parent.parent
UPGRADE = '; run "clipsql db upgrade"'


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param(
            "alter function clipsql.search_text volatile",
            "function clipsql.search_text: volatility is volatile, expected stable",
            id="volatility",
        ),
        pytest.param(
            "alter function clipsql.mix parallel unsafe",
            "function clipsql.mix: parallel safety is unsafe, expected safe",
            id="parallel safety",
        ),
        pytest.param(
            "alter function clipsql.tokenize set work_mem = '1MB'",
            "function clipsql.tokenize: settings is search_path=pg_catalog, public, pg_temp, work_mem=1MB, expected",
            id="settings",
        ),
        pytest.param(
            "alter function clipsql.mix security definer",
            "function clipsql.mix: security is definer, expected invoker",
            id="security",
        ),
        pytest.param(
            "create or replace function clipsql_private.spaced_han(body text) returns text"
            " language sql immutable parallel safe return body",
            "function clipsql_private.spaced_han: body is not as expected",
            id="a body in standard SQL",
        ),
        pytest.param(
            "create or replace function clipsql_private.spread_rows(of_table regclass, how_many integer)"
            " returns tid[] language plpgsql stable parallel safe as 'begin return null; end'",
            "function clipsql_private.spread_rows: body is not as expected",
            id="a body in a string",
        ),
        pytest.param(
            "comment on function clipsql.mix is 'Mixes'",
            "function clipsql.mix: comment is not as expected",
            id="a comment",
        ),
        pytest.param(
            "drop function clipsql.search_similar",
            "function clipsql.search_similar is missing",
            id="a function",
        ),
        pytest.param(
            "drop function clipsql.tokenize;"
            " create function clipsql.tokenize(query text) returns integer[] language sql return null::integer[]",
            "function clipsql.tokenize: arguments is query text, expected query text, model text DEFAULT NULL::text",
            id="arguments",
        ),
        pytest.param(
            "drop view clipsql.collection_stats", "view clipsql.collection_stats is missing", id="a view"
        ),
        pytest.param(
            "alter view clipsql.collection_stats reset (security_invoker)",
            "view clipsql.collection_stats: options is none, expected security_invoker=true",
            id="a view's options",
        ),
        pytest.param(
            "drop view clipsql.collection_stats;"
            " create view clipsql.collection_stats with (security_invoker = true) as select 1 as images",
            "view clipsql.collection_stats: definition is not as expected",
            id="a view's definition",
        ),
        pytest.param(
            "alter type clipsql_private.search_filter alter attribute within_m type real",
            "column clipsql_private.search_filter.within_m: type is real, expected double precision",
            id="a type",
        ),
        pytest.param(
            "revoke select on clipsql.image from clipsql_reader",
            "role clipsql_reader lacks select on table clipsql.image",
            id="a table's right",
        ),
        pytest.param(
            "revoke usage on schema clipsql_private from clipsql_reader",
            "role clipsql_reader lacks usage on schema clipsql_private",
            id="a schema's right",
        ),
        pytest.param(
            "revoke execute on function clipsql.match from clipsql_reader",
            "role clipsql_reader lacks execute on routine clipsql.match(",
            id="a function's right",
        ),
        pytest.param(
            "grant execute on function clipsql.put_image to public",
            "role public should not have execute on routine clipsql.put_image(",
            id="everybody's right to a function that writes",
        ),
        pytest.param(
            "grant execute on function clipsql_private.ask_shards to public",
            "role public should not have execute on routine clipsql_private.ask_shards(",
            id="everybody's right to a function of the owner",
        ),
    ],
)
def test_what_was_changed_or_lost_is_seen_and_an_upgrade_brings_it_back(
    engine: Engine, change: str, line: str
) -> None:
    before = catalog(engine)
    run(engine, change)
    changed = catalog(engine)
    found = migrating.differences(engine)
    assert any(one.startswith(line) and one.endswith(UPGRADE) for one in found), found
    assert all("\n" not in one for one in found)
    assert catalog(engine) == changed, "a check changes nothing"
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    assert sorted(_without_grantors(catalog(engine))) == sorted(_without_grantors(before))


def _without_grantors(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Facts with the rights of each thing in one order."""
    return [
        (
            kind,
            name,
            re.sub(r"\{([^{}]*/[^{}]*)\}", lambda found: str(sorted(found[1].split(","))), fact or ""),
        )
        for kind, name, fact in rows
    ]


def test_an_upgrade_keeps_what_users_built_on_what_it_brings_back(engine: Engine) -> None:
    run(
        engine,
        "alter view clipsql.collection_stats rename column embedded to done",
        "create view public.mine as select s.images from clipsql.collection_stats as s",
    )
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    run(engine, "select images from public.mine")


def test_an_index_of_the_users_own_is_no_difference(engine: Engine) -> None:
    run(engine, "create index of_mine on clipsql.image ((metadata ->> 'camera'))")
    assert migrating.differences(engine) == []


def test_a_check_locks_nothing_that_a_search_needs(engine: Engine) -> None:
    with engine.connect() as connection:
        set_search_path(connection)
        assert schema_differences(connection) == []
        modes = connection.exec_driver_sql(
            "select distinct l.mode from pg_locks as l join pg_class as c on c.oid = l.relation"
            " where l.pid = pg_backend_pid() and c.relnamespace in"
            " ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)"
        ).scalars()
        assert modes.all() == ["AccessShareLock"]


def test_the_check_command_tells_each_difference_in_a_line(
    engine: Engine, clipsql: Callable[..., Result]
) -> None:
    assert clipsql("db", "check").output == "Database is as it should be, kept by migrations.\n"
    run(engine, "alter function clipsql.mix volatile", "drop index clipsql.image_place_idx")
    result = clipsql("db", "check")
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.output.splitlines()] == [
        "function clipsql.mix",
        "index clipsql.image_place_idx is missing; run",
        "Error",
    ]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        pytest.param("drop trigger alerts_of_new on {}", "missing", id="missing"),
        pytest.param("alter table {} disable trigger alerts_of_changed", "off", id="off"),
    ],
)
@pytest.mark.parametrize("table", ["clipsql.image_embedding", "clipsql_private.image_embedding_1"])
def test_a_table_whose_new_rows_raise_no_alarm_is_told_with_the_remedy(
    engine: Engine, change: str, state: str, table: str
) -> None:
    add_space(engine, "space", dimensions=2)
    run(engine, change.format(table))
    [line] = migrating.differences(engine)
    assert line.startswith("trigger alerts_of_")
    assert f" on {table} is {state}, so that no alarm is raised; run: " in line
    run(engine, line.partition("run: ")[2])
    assert migrating.differences(engine) == []


# Scripts.


def test_the_printed_script_makes_the_same_catalog(
    new_database: Callable[..., URL], engine: Engine, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, ["db", "upgrade", "--sql"])
    script = tmp_path / "upgrade.sql"
    assert "Upgraded" not in result.stderr, "a script upgrades nothing"
    script.write_text(result.stdout, "utf-8")
    url = new_database()
    run_program("psql", url, "--set=ON_ERROR_STOP=1", "--quiet", f"--file={script}")
    scripted = create_engine(url.render_as_string(hide_password=False))
    assert catalog(scripted) == catalog(engine)
    assert migrating.differences(scripted) == []
    migrating.require_current(scripted)
    scripted.dispose()


def test_scripts_of_parts_add_up(new_database: Callable[..., URL], engine: Engine, tmp_path: Path) -> None:
    url = new_database()
    for part in ("0002", "0002:0003", "0003:head"):
        script = tmp_path / "part.sql"
        script.write_text(migrating.upgrade_script(part), "utf-8")
        run_program("psql", url, "--set=ON_ERROR_STOP=1", "--quiet", f"--file={script}")
    scripted = create_engine(url.render_as_string(hide_password=False))
    assert catalog(scripted) == catalog(engine)
    scripted.dispose()


def test_a_script_needs_a_known_revision_and_a_range_needs_a_script(engine: Engine) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"4711.*clipsql db status"):
        migrating.upgrade_script("4711")
    with pytest.raises(errors.ConfigurationError, match=r"clipsql db status"):
        migrating.upgrade(engine, revision="0002:head")


# Beside an application with an Alembic of its own.


def _documented_include_name(connection: sa.Connection) -> Callable[..., bool]:
    """What docs/upgrades.md gives to the env.py of an application."""
    text = (ROOT / "docs" / "upgrades.md").read_text("utf-8")
    line = re.search(r"include_name=(lambda .*?),\n\)", text, re.DOTALL)
    assert line is not None
    include_name: Callable[..., bool] = eval(line[1], {"connection": connection})
    return include_name


@pytest.mark.parametrize("path", ["public", "clipsql, public"])
@pytest.mark.parametrize("include_schemas", [True, False])
def test_an_application_with_its_own_alembic_and_clipsql_leave_each_other_alone(
    engine: Engine, path: str, include_schemas: bool
) -> None:
    theirs = sa.MetaData()
    sa.Table("vehicle", theirs, sa.Column("id", sa.Integer, primary_key=True), schema="public")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table public.alembic_version (version_num text primary key)")
        connection.exec_driver_sql("insert into public.alembic_version values ('abc')")
        connection.exec_driver_sql(f"set search_path = {path}")
        connection.dialect.default_schema_name = path.split(",")[0]
        options: dict[str, object] = {"include_schemas": include_schemas}
        if path != "public":
            options["version_table_schema"] = "public"
        careless = MigrationContext.configure(connection, opts=options)
        if include_schemas or path != "public":
            assert "remove_table" in {change[0] for change in compare_metadata(careless, theirs)}
        options["include_name"] = _documented_include_name(connection)
        context = MigrationContext.configure(connection, opts=options)
        assert context.get_current_revision() == "abc"
        proposed = compare_metadata(context, theirs)
        assert [(change[0], change[1].name) for change in proposed] == [("add_table", "vehicle")]
        connection.dialect.default_schema_name = "public"
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    with engine.connect() as connection:
        assert (
            connection.exec_driver_sql("select version_num from public.alembic_version").scalar_one() == "abc"
        )


# Passwords.


def test_only_db_url_prints_a_password(
    database_url: str, clipsql: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    password = make_url(database_url).password
    assert password
    monkeypatch.setenv("COLUMNS", str(200))
    for command in (["db", "status"], ["db", "check"], ["db", "upgrade"], ["stats"], ["model", "list"]):
        assert password not in clipsql(*command).output, command
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", database_url.replace(f":{make_url(database_url).port}", ":1"))
    assert password not in CliRunner().invoke(main, ["stats"]).output
    assert os.environ["CLIPSQL_DATABASE_URL"] in CliRunner().invoke(main, ["db", "url"]).output
