"""Upgrade and downgrade on real databases: nothing is lost, differences are seen, refusals say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from integration.filling import new_model, picture, write
from sqlalchemy.engine import URL, Engine, make_url
from waiting import until

from clipsql import errors
from clipsql.cli import main
from clipsql.db.engine import create_engine
from clipsql.db.indexes import ensure_index
from clipsql.db.schema import migrating, preparing
from clipsql.db.schema.describing import describe_tables
from clipsql.db.schema.rights import ROLES
from clipsql.db.statements import autocommit_connection, driver_connection
from clipsql.search.searcher import Searcher

# Every fact of the catalog that a migration makes, one row each.
CATALOG = """
    select 'column', format('%%s.%%s', c.table_name, c.column_name), concat_ws(' ', c.udt_name, c.is_nullable,
        c.column_default, c.is_identity, c.generation_expression)
    from information_schema.columns as c where c.table_schema in ('clipsql', 'clipsql_private')
    union all
    select 'column comment', format('%%s.%%s', attrelid::regclass, attname), col_description(attrelid, attnum)
    from pg_attribute join pg_class as c on c.oid = attrelid
    where relnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private')) and attnum > 0
    union all
    select 'constraint', format('%%s.%%s', conrelid::regclass, conname), pg_get_constraintdef(oid)
    from pg_constraint where connamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    union all
    select 'index', indexname, indexdef from pg_indexes where schemaname in ('clipsql', 'clipsql_private')
    union all
    select 'function', oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(oid), proacl, obj_description(oid))
    from pg_proc where pronamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    union all
    select 'relation', oid::regclass::text, concat_ws(' ', relkind, relacl, reloptions, obj_description(oid),
        case relkind when 'v' then pg_get_viewdef(oid) when 'p' then pg_get_partkeydef(oid) end)
    from pg_class where relnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    union all
    select 'type', oid::regtype::text, typtype::text
    from pg_type where typnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    union all
    select 'schema', nspname, concat_ws(' ', nspacl, obj_description(oid)) from pg_namespace
    where nspname in ('clipsql', 'clipsql_private')
    union all
    select 'default privileges', defaclobjtype::text, defaclacl::text
    from pg_default_acl where defaclnamespace in (to_regnamespace('clipsql'), to_regnamespace('clipsql_private'))
    order by 1, 2, 3
"""


def catalog(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        connection.exec_driver_sql("set search_path = ''")
        return [tuple(row) for row in connection.exec_driver_sql(CATALOG)]  # type: ignore[misc]


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def empty(new_database: Callable[..., URL]) -> Iterator[Engine]:
    """A database that clipsql has never seen."""
    engine = create_engine(new_database().render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_up_down_and_up_again_makes_the_same_catalog(engine: Engine) -> None:
    first = catalog(engine)
    assert {kind for kind, _, _ in first} == {
        "column", "column comment", "constraint", "index", "function", "relation", "type", "schema"
    }  # fmt: skip
    new_model(engine)
    migrating.downgrade(engine, revision="base")
    left = [row for row in catalog(engine) if row[0] in ("function", "relation", "type")]
    assert {name.split(".")[-1].strip("[]") for _, name, _ in left} <= {
        "revision", "_revision", "revision_pkc"
    }, left  # fmt: skip
    assert migrating.upgrade(engine) == preparing.pgvector_warnings(preparing.pgvector_version(engine) or ())
    assert catalog(engine) == first
    assert migrating.differences(engine) == []


def test_an_upgrade_of_a_current_database_changes_nothing(engine: Engine) -> None:
    before = catalog(engine)
    migrating.upgrade(engine)
    assert catalog(engine) == before
    assert not migrating.is_behind(engine)


def test_an_upgrade_says_again_what_was_said_and_takes_no_users_words(engine: Engine) -> None:
    before = catalog(engine)
    run(
        engine,
        "comment on schema clipsql_private is null",
        "comment on table clipsql.caption is 'Mine.'",
        "comment on column clipsql.caption.body is null",
        "create table public.image (url text)",
        "comment on table public.image is 'Mine.'",
    )
    assert catalog(engine) != before
    migrating.upgrade(engine)
    assert catalog(engine) == before
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("select obj_description('public.image'::regclass)").scalar()
        assert kept == "Mine."
        # An administrator may have made the schemas and kept them.
        connection.exec_driver_sql("comment on schema clipsql is null")
        connection.exec_driver_sql("set local role clipsql_reader")
        driver_connection(connection).execute(describe_tables().encode())
        assert not connection.exec_driver_sql("select obj_description('clipsql'::regnamespace)").scalar()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            "drop index clipsql.image_place_idx",
            "index clipsql.image_place_idx is missing;"
            " run: CREATE INDEX image_place_idx ON clipsql.image USING gist (point(longitude, latitude))"
            " WHERE (longitude IS NOT NULL)",
        ),
        (
            "drop index clipsql.image_metadata_idx;"
            " create index image_metadata_idx on clipsql.image using gin (metadata)",
            "index clipsql.image_metadata_idx: definition is not as expected; run: drop index"
            " clipsql.image_metadata_idx;"
            " CREATE INDEX image_metadata_idx ON clipsql.image USING gin (metadata jsonb_path_ops)",
        ),
        (
            "drop index clipsql.caption_words_idx",
            "index clipsql.caption_words_idx is missing;"
            " run: CREATE INDEX caption_words_idx ON clipsql.caption USING gin (words)",
        ),
        (
            "drop index clipsql_private.image_embedding_1_hnsw",
            "index clipsql_private.image_embedding_1_hnsw is missing; the next ingest builds it",
        ),
        (
            "update pg_index set indisvalid = false"
            " where indexrelid = 'clipsql_private.image_embedding_1_hnsw'::regclass",
            "index clipsql_private.image_embedding_1_hnsw is invalid; drop it and the next ingest builds it",
        ),
        (
            "alter table clipsql.image add column colour text",
            "column clipsql.image.colour is not expected; run: alter table clipsql.image drop column colour",
        ),
        (
            "alter table clipsql.image drop column failure",
            "column clipsql.image.failure is missing; restore it from a dump, or ingest again into a fresh database",
        ),
        (
            "alter table clipsql_private.thumbnail alter width type bigint",
            "column clipsql_private.thumbnail.width: type is bigint, expected integer;"
            " run: alter table clipsql_private.thumbnail alter width type integer",
        ),
        (
            "alter table clipsql.image alter url drop not null",
            "column clipsql.image.url: nullability is null, expected not null;"
            " run: alter table clipsql.image alter url set not null",
        ),
        (
            "drop index clipsql.image_collection_url_key",
            "index clipsql.image_collection_url_key is missing; run: CREATE UNIQUE INDEX image_collection_url_key"
            " ON clipsql.image USING btree (collection, clipsql.url_digest(url))",
        ),
        (
            "alter table clipsql.image alter status set default 'failed'",
            "column clipsql.image.status: default is 'failed'::text, expected 'pending'::text;"
            " run: alter table clipsql.image alter status set default 'pending'::text",
        ),
        (
            "comment on table clipsql.caption is 'Mine.'",
            'table clipsql.caption: comment is not as expected; run "clipsql db upgrade"',
        ),
        (
            "comment on column clipsql.caption.body is null",
            'column clipsql.caption.body: comment is none, expected The caption itself.; run "clipsql db upgrade"',
        ),
        (
            "alter table clipsql.image alter added_at drop default",
            "column clipsql.image.added_at: default is none, expected now();"
            " run: alter table clipsql.image alter added_at set default now()",
        ),
        (
            "alter table clipsql.image drop constraint image_sha256_check",
            "constraint image_sha256_check on clipsql.image is missing; run: alter table clipsql.image"
            " add constraint image_sha256_check CHECK ((octet_length(sha256) = 32))",
        ),
        (
            "alter table clipsql.image drop constraint image_sha256_check,"
            " add constraint image_sha256_check check (octet_length(sha256) < 99)",
            "constraint image_sha256_check on clipsql.image: definition is CHECK ((octet_length(sha256) < 99)),"
            " expected CHECK ((octet_length(sha256) = 32)); run: alter table clipsql.image drop constraint"
            " image_sha256_check, add constraint image_sha256_check CHECK ((octet_length(sha256) = 32))",
        ),
        (
            "alter table clipsql.caption drop constraint caption_image_id_fkey",
            "constraint caption_image_id_fkey on clipsql.caption is missing;"
            " run: alter table clipsql.caption add constraint caption_image_id_fkey"
            " FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE",
        ),
        (
            "create table clipsql.image_2 (a integer)",
            "table clipsql.image_2 is not expected; drop it, or move it to a schema of your own",
        ),
        (
            "drop table clipsql_private.fingerprint",
            "table clipsql_private.fingerprint is missing;"
            " restore it from a dump, or ingest again into a fresh database",
        ),
        (
            "create function clipsql.mine() returns integer language sql return 1",
            "function clipsql.mine is not expected; drop it, or move it to a schema of your own",
        ),
        (
            "grant insert on clipsql.image to clipsql_reader",
            "role clipsql_reader should not have insert on table clipsql.image;"
            " run: revoke insert on table clipsql.image from clipsql_reader",
        ),
        (
            "grant select on clipsql_private.queue to clipsql_reader",
            "role clipsql_reader should not have select on table clipsql_private.queue;"
            " run: revoke select on table clipsql_private.queue from clipsql_reader",
        ),
    ],
)
def test_a_difference_is_seen(indexed: Engine, change: str, line: str) -> None:
    run(indexed, change)
    before = catalog(indexed)
    assert line in migrating.differences(indexed)
    assert catalog(indexed) == before
    # What a remedy tells to run mends it.
    remedy = re.search("run: (.*)", line)
    if remedy is not None:
        run(indexed, remedy[1])
        assert migrating.differences(indexed) == []
    elif "restore" not in line and "hnsw" not in line:
        assert migrating.differences(indexed) == [line]


@pytest.fixture(scope="module")
def indexed_template(new_database: Callable[..., URL], template: str) -> str:
    """A database with a model, a picture and an HNSW index, to be copied."""
    url = new_database(template=template)
    engine = create_engine(url.render_as_string(hide_password=False))
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("one", [1, 0, 0])])
    ensure_index(engine, model, table="image_embedding")
    engine.dispose()
    assert url.database is not None
    return url.database


@pytest.fixture
def indexed(new_database: Callable[..., URL], indexed_template: str) -> Iterator[Engine]:
    engine = create_engine(new_database(template=indexed_template).render_as_string(hide_password=False))
    assert migrating.differences(engine) == []
    yield engine
    engine.dispose()


def test_tables_of_others_are_no_difference(engine: Engine) -> None:
    run(engine, "create table public.vehicle (image_id bigint references clipsql.image)")
    assert migrating.differences(engine) == []


@pytest.mark.parametrize("version", [(0, 5, 1), (0, 7, 4), (0, 7)])
def test_a_pgvector_below_0_8_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(
        errors.DatabaseNotReady, match=r"pgvector is 0\.\d.*needs 0\.8 or later.*alter extension"
    ):
        preparing.refuse_old_pgvector(version)


@pytest.mark.parametrize(
    ("version", "warned"),
    [
        ((0, 8, 0), True),
        ((0, 8, 3), True),
        ((0, 8, 4), False),
        ((0, 8, 5), False),
        ((0, 9), False),
        ((1, 0), False),
    ],
)
def test_a_pgvector_with_known_faults_is_warned_about(version: tuple[int, ...], warned: bool) -> None:
    preparing.refuse_old_pgvector(version)
    warnings = preparing.pgvector_warnings(version)
    assert bool(warnings) is warned
    assert all("update to 0.8.4" in warning and "\n" not in warning for warning in warnings)


def test_a_database_before_its_first_upgrade_says_so(empty: Engine) -> None:
    assert migrating.revisions(empty).current is None
    assert preparing.pgvector_version(empty) is None
    with pytest.raises(errors.DatabaseNotReady, match=r'no clipsql schema yet.*run "clipsql db upgrade"'):
        migrating.require_current(empty)
    with pytest.raises(errors.DatabaseNotReady, match=r'run "clipsql db upgrade"'):
        Searcher(empty, model="x").search_similar(1)
    with pytest.raises(errors.ClipsqlError):
        migrating.downgrade(empty, revision="base")


def test_a_database_at_an_older_revision_says_so(engine: Engine) -> None:
    head = migrating.revisions(engine).head
    migrating.downgrade(engine, revision="0001")
    with pytest.raises(
        errors.DatabaseNotReady, match=rf'at revision 0001, expected {head}; run "clipsql db upgrade"'
    ):
        migrating.require_current(engine)
    migrating.upgrade(engine)
    migrating.require_current(engine)


def test_a_database_of_a_newer_clipsql_is_left_alone(engine: Engine) -> None:
    run(engine, "update clipsql_private.revision set version_num = '9999'")
    before = catalog(engine)
    for action in (
        lambda: migrating.require_current(engine),
        lambda: migrating.upgrade(engine),
        lambda: migrating.downgrade(engine, revision="base"),
    ):
        with pytest.raises(errors.DatabaseNotReady, match=r"revision 9999.*install a newer clipsql"):
            action()
    assert catalog(engine) == before


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("create table clipsql.alembic_version (version_num text)", id="its revision"),
        pytest.param(
            "create function clipsql._search() returns integer language sql return 1", id="its helpers"
        ),
    ],
)
def test_a_database_of_before_the_first_release_is_refused(
    empty: Engine, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(empty, "create schema clipsql", left)
    before = catalog(empty)
    refusal = "made by a clipsql of before the first release.*ingest again into a fresh database"
    for action in (
        lambda: migrating.require_current(empty),
        lambda: migrating.upgrade(empty),
        lambda: migrating.downgrade(empty, revision="base"),
    ):
        with pytest.raises(errors.DatabaseNotReady, match=refusal):
            action()
    assert catalog(empty) == before
    monkeypatch.setenv("CLIPSQL_DATABASE_URL", empty.url.render_as_string(hide_password=False))
    for command in (["stats"], ["db", "upgrade"], ["db", "check"], ["model", "list"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 1
        assert re.search(refusal, result.output), result.output


def test_a_revision_that_does_not_exist_is_a_clear_error(engine: Engine) -> None:
    for action in (
        lambda: migrating.upgrade(engine, revision="4711"),
        lambda: migrating.downgrade(engine, revision="4711"),
    ):
        with pytest.raises(errors.ConfigurationError, match=r"'4711'.*clipsql db status"):
            action()


def test_an_upgrade_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    run(empty, "create schema clipsql", "create table clipsql.image (a integer)")
    with pytest.raises(errors.DatabaseError, match=r"already exists"):
        migrating.upgrade(empty)
    with empty.connect() as connection:
        tables = connection.exec_driver_sql(
            "select relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname like 'clipsql%%'"
        )
        assert tables.scalars().all() == ["image"]


def test_pgvector_may_live_in_a_schema_of_its_own(empty: Engine) -> None:
    run(empty, "create schema extensions", "create extension vector schema extensions")
    migrating.upgrade(empty)
    model = new_model(empty, dimensions=3)
    write(empty, model, [picture("x", [1, 0, 0]), picture("y", [0, 1, 0])])
    ensure_index(empty, model, table="image_embedding")
    assert [match.url for match in Searcher(empty).search([1, 0.1, 0])] == ["x", "y"]
    assert migrating.differences(empty) == []


@pytest.mark.parametrize("name", ["plain", 'Odd "role"'])
def test_an_unprivileged_upgrade_says_what_to_run_and_works_after_it(bare_server: str, name: str) -> None:
    administrator = sa.create_engine(
        make_url(bare_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    quoted = '"' + name.replace('"', '""') + '"'
    database = f"pictures of {name}"
    quoted_database = '"' + database.replace('"', '""') + '"'
    with administrator.connect() as connection:
        connection.exec_driver_sql("drop role if exists clipsql_reader, clipsql_writer")
        connection.exec_driver_sql(f"create role {quoted} login password 'secret'")
        connection.exec_driver_sql(f"create database {quoted_database}")
    url = make_url(bare_server).set(username=name, password="secret", database=database)
    engine = create_engine(url.render_as_string(hide_password=False))
    with pytest.raises(errors.DatabaseNotReady) as caught:
        migrating.upgrade(engine)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message
    assert name in message
    assert database in message
    advice = message.split("run there: ")[1]
    assert advice.count(";") == 5
    inside = sa.create_engine(administrator.url.set(database=database), isolation_level="AUTOCOMMIT")
    with inside.connect() as connection:
        connection.exec_driver_sql(advice)
    inside.dispose()

    migrating.upgrade(engine)
    migrating.require_current(engine)
    assert migrating.differences(engine) == []
    model = new_model(engine, dimensions=3)
    write(engine, model, [picture("x", [1, 0, 0])])
    ensure_index(engine, model, table="image_embedding")
    assert len(Searcher(engine).search([1, 0, 0])) == 1
    migrating.downgrade(engine, revision="base")
    engine.dispose()
    with administrator.connect() as connection:
        connection.exec_driver_sql(f"drop database {quoted_database}")
    administrator.dispose()


@pytest.mark.parametrize("by", ["command", "script"])
def test_two_databases_of_a_server_are_upgraded_at_the_same_moment(bare_server: str, by: str) -> None:
    administrator = make_url(bare_server).set(drivername="postgresql+psycopg")
    server = sa.create_engine(administrator, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("drop role if exists clipsql_reader, clipsql_writer")
        connection.exec_driver_sql("create database second")
    engine = create_engine(administrator.set(database="second").render_as_string(hide_password=False))

    def upgrade() -> None:
        if by == "command":
            migrating.upgrade(engine)
        else:
            with autocommit_connection(engine) as connection:
                connection.execute(migrating.upgrade_script().encode())

    waits = "select from pg_locks where not granted"
    try:
        with ThreadPoolExecutor() as threads:
            with psycopg.connect(bare_server) as first:
                for role in ROLES:
                    first.execute(f"create role {role} nologin".encode())
                second = threads.submit(upgrade)
                with server.connect() as connection:
                    until(lambda: connection.exec_driver_sql(waits).first() is not None, seconds=30)
            second.result()
        assert migrating.differences(engine) == []
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql("drop database second with (force)")
            connection.exec_driver_sql("drop role clipsql_reader, clipsql_writer")
        server.dispose()
