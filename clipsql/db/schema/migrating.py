"""Bring a database to a revision of clipsql's schema, and tell at which it is."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.db.engine import database_errors
from clipsql.db.schema.comparing import schema_differences
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA
from clipsql.errors import ConfigurationError, DatabaseNotReady

_log = logging.getLogger(__name__)

_OLDEST_POSTGRESQL = 15
_OLDEST_PGVECTOR = (0, 8, 0)
_SOUND_PGVECTOR = (0, 8, 4)
_UPGRADE_LOCK = 0x636C6970  # "clip": one upgrade at a time

_PARTITION = re.compile(r"^(image|caption)_embedding_\d+(_|$)")


def _is_compared(_object: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    """All but the partitions, which come and go with models."""
    return name is None or _PARTITION.match(name) is None


ALEMBIC_OPTIONS: dict[str, Any] = {
    "version_table": "revision",
    "version_table_schema": PRIVATE_SCHEMA,
    "include_schemas": True,
    "include_name": lambda name, kind, _parents: kind != "schema" or name in (SCHEMA, PRIVATE_SCHEMA),
    "include_object": _is_compared,
    "compare_type": True,
    "compare_server_default": True,
    "on_version_apply": lambda step, **_others: _log.info(
        "%s %s.", "Upgraded to" if step.is_upgrade else "Took back", step.up_revision_id
    ),
}
"""How Alembic finds its revision and compares the models with the tables, here and in migrations/env.py."""


@dataclass(frozen=True)
class Revisions:
    """Where a database is and where this clipsql wants it."""

    current: str | None
    head: str


def upgrade(engine: Engine, *, revision: str = "head") -> list[str]:
    """Bring the database to `revision`; returns warnings. Raises DatabaseNotReady when it lacks something."""
    with database_errors(engine), _revision_errors(), engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        warnings = _prepare(connection)
        _refuse_unknown_revision(connection)
        command.upgrade(_alembic_config(connection), revision)
    # Connections opened before the extension existed do not know its types.
    engine.dispose()
    return warnings


def downgrade(engine: Engine, *, revision: str) -> None:
    """Take the schema back to `revision` ("base" removes it, with all its rows)."""
    with database_errors(engine), _revision_errors(), engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        _refuse_unknown_revision(connection)
        _set_search_path(connection)
        command.downgrade(_alembic_config(connection), revision)


def revisions(engine: Engine) -> Revisions:
    """The database's revision (None before the first upgrade) and the newest one."""
    with database_errors(engine), engine.connect() as connection:
        return Revisions(current=_current_revision(connection), head=_scripts().get_current_head() or "")


def is_behind(engine: Engine) -> bool:
    """Whether an upgrade would do something."""
    found = revisions(engine)
    return found.current != found.head


def require_current(engine: Engine) -> None:
    """Raise DatabaseNotReady unless the database is at the newest revision."""
    found = revisions(engine)
    if found.current == found.head:
        return
    if found.current is None:
        raise DatabaseNotReady(
            f'Database has no clipsql schema yet, expected {found.head}; run "clipsql db upgrade".'
        )
    with engine.connect() as connection:
        _refuse_unknown_revision(connection)
    raise DatabaseNotReady(
        f'Database is at revision {found.current}, expected {found.head}; run "clipsql db upgrade".'
    )


def differences(engine: Engine) -> list[str]:
    """How the database differs from what this clipsql expects, one line each; empty when all is well."""
    with database_errors(engine), engine.connect() as connection:
        _set_search_path(connection)
        return schema_differences(connection, ALEMBIC_OPTIONS)


def _prepare(connection: Connection) -> list[str]:
    version = int(connection.exec_driver_sql("show server_version_num").scalar_one())
    if version < _OLDEST_POSTGRESQL * 10000:
        raise DatabaseNotReady(
            f"The server is PostgreSQL {version // 10000}; clipsql needs {_OLDEST_POSTGRESQL} or later."
        )
    encoding = connection.exec_driver_sql("show server_encoding").scalar_one()
    if encoding != "UTF8":
        raise DatabaseNotReady(
            f"This database has encoding {encoding}, but clipsql needs UTF8; "
            "create one with: create database pictures encoding 'UTF8' template template0;"
        )
    refused = [
        *_ensure_pgvector(connection),
        *_ensure(
            connection,
            exists="select 1 from pg_roles where rolname = 'clipsql_reader'",
            create="create role clipsql_reader nologin",
            missing="role clipsql_reader does not exist",
        ),
        *(
            gap
            for schema in (SCHEMA, PRIVATE_SCHEMA)
            for gap in _ensure(
                connection,
                exists=f"select from pg_namespace where nspname = '{schema}'",
                create=f"create schema {schema}",
                missing=f"schema {schema} does not exist",
                administrator=f"create schema {schema} authorization {{user}}",
            )
        ),
    ]
    if refused:
        user, database = connection.exec_driver_sql("select current_user, current_database()").one()
        raise DatabaseNotReady(
            f"Role {user} may not prepare database {database}: {', '.join(gap.missing for gap in refused)}; "
            f"let an administrator run there: {' '.join(gap.statement for gap in refused)}"
        )
    _set_search_path(connection)
    # Loads pgvector: only settings that are known may be named in functions by roles that are no superuser.
    connection.exec_driver_sql("select '[1]'::vector")
    return pgvector_warnings(_pgvector_version(connection))


def _ensure_pgvector(connection: Connection) -> list[_Refused]:
    available = connection.exec_driver_sql(
        "select default_version from pg_available_extensions where name = 'vector'"
    ).scalar()
    if available is None:
        raise DatabaseNotReady(
            "The server has no pgvector; install pgvector 0.8.4 or later on it "
            "(package postgresql-NN-pgvector, or the image pgvector/pgvector), then run this again."
        )
    refused = _ensure(
        connection,
        exists="select 1 from pg_extension where extname = 'vector'",
        create="create extension vector",
        missing="extension vector is not installed",
    )
    if not refused:
        version = _pgvector_version(connection)
        if version < _OLDEST_PGVECTOR <= _version(available):
            refused = _ensure(
                connection,
                exists="select 1 where false",
                create="alter extension vector update",
                missing=f"extension vector is at {_dotted(version)}",
            )
    if not refused:
        refuse_old_pgvector(_pgvector_version(connection))
    return refused


def refuse_old_pgvector(version: tuple[int, ...]) -> None:
    """Raise DatabaseNotReady for a pgvector that clipsql cannot work with."""
    if version < _OLDEST_PGVECTOR:
        raise DatabaseNotReady(
            f"pgvector is {_dotted(version)}, but clipsql needs 0.8 or later (iterative index scans); "
            'install 0.8.4 or later on the server, then run "alter extension vector update".'
        )


def pgvector_warnings(version: tuple[int, ...]) -> list[str]:
    """Why this pgvector should be updated, one line each."""
    if version >= _SOUND_PGVECTOR:
        return []
    return [
        f"pgvector {_dotted(version)} has known faults (CVE-2026-3172 in parallel HNSW builds up to 0.8.1, "
        "HNSW vacuum corruption before 0.8.3, graph repair before 0.8.4); update to 0.8.4 or later."
    ]


def pgvector_version(engine: Engine) -> tuple[int, ...] | None:
    """Version of the extension in this database, None when it is not installed."""
    with database_errors(engine), engine.connect() as connection:
        version = connection.exec_driver_sql(_INSTALLED_PGVECTOR).scalar()
        return None if version is None else _version(version)


_INSTALLED_PGVECTOR = "select extversion from pg_extension where extname = 'vector'"


def _pgvector_version(connection: Connection) -> tuple[int, ...]:
    return _version(connection.exec_driver_sql(_INSTALLED_PGVECTOR).scalar_one())


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@dataclass(frozen=True)
class _Refused:
    """Something that upgrade may not create, and the statement with which an administrator does."""

    missing: str
    statement: str


def _ensure(
    connection: Connection, *, exists: str, create: str, missing: str, administrator: str | None = None
) -> list[_Refused]:
    """Run `create` unless `exists` finds a row; where that is not allowed, what an administrator must run."""
    if connection.exec_driver_sql(exists).first() is not None:
        return []
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(create)
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        user = connection.exec_driver_sql("select quote_ident(current_user)").scalar_one()
        return [_Refused(missing, (administrator or create).replace("{user}", user) + ";")]
    return []


def _set_search_path(connection: Connection) -> None:
    # Functions keep this path ("set search_path from current"): pgvector's operators are found wherever the
    # extension lives and whatever a session sets. And what a file says is read as it is written.
    connection.execute(
        sa.text(
            "select set_config('standard_conforming_strings', 'on', true),"
            " set_config('search_path', 'pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp', true)"
            " from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'vector'"
        )
    )


@contextmanager
def _revision_errors() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise ConfigurationError(f'{error}; "clipsql db status" shows the newest revision.') from error


def _alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(assets.migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(assets.migrations_folder()))


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=ALEMBIC_OPTIONS).get_current_revision()


def _refuse_unknown_revision(connection: Connection) -> None:
    current = _current_revision(connection)
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseNotReady(
            f"Database is at revision {current}, which this clipsql does not know; install a newer clipsql."
        )
