"""Bring a database to a revision of clipsql's schema, and tell at which it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.db.engine import database_errors
from clipsql.db.schema.comparing import schema_differences
from clipsql.db.schema.membership import extension_version, update_extension
from clipsql.db.schema.preparing import prepare, set_search_path
from clipsql.db.schema.restoring import restore_from_files
from clipsql.db.tables.base import PRIVATE_SCHEMA
from clipsql.db.transactions import writing
from clipsql.errors import ConfigurationError, DatabaseNotReady

_log = logging.getLogger(__name__)

_UPGRADE_LOCK = 0x636C6970  # "clip": one upgrade at a time


def _tell_step(ctx: MigrationContext, step: MigrationInfo, **_others: object) -> None:
    if not ctx.as_sql:  # a script changes nothing
        _log.info("%s %s.", "Upgraded to" if step.is_upgrade else "Took back", step.up_revision_id)


ALEMBIC_OPTIONS: dict[str, Any] = {
    "version_table": "revision",
    "version_table_schema": PRIVATE_SCHEMA,
    "on_version_apply": _tell_step,
}
"""Where Alembic keeps its revision, here and in migrations/env.py."""


@dataclass(frozen=True)
class Revisions:
    """Where a database is and where this clipsql wants it."""

    current: str | None
    head: str


def upgrade(engine: Engine, *, revision: str = "head") -> list[str]:
    """Bring the database to `revision`, and back to what it should be if it is there; returns warnings.

    Lost or changed functions, views, types and rights come back. Raises DatabaseNotReady when something is lacking.
    """
    with _revision_errors(), writing(engine) as connection:
        lock(connection)
        _refuse_unknown_revision(connection)
        warnings = prepare(connection)
        if extension_version(connection) is not None:
            _update_extension(connection, revision)
        if _current_revision(connection) == newest_revision():
            restore_from_files(connection)
        command.upgrade(_alembic_config(connection), revision)
    # Connections opened before the extension existed do not know its types.
    engine.dispose()
    return warnings


def lock(connection: Connection) -> None:
    """Let one transaction at a time change the schema."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))


def _update_extension(connection: Connection, revision: str) -> None:
    head = newest_revision()
    if revision not in ("head", head):
        raise ConfigurationError(
            f'The schema is an extension\'s, which goes to the newest revision ({head}) only; leave "{revision}" away.'
        )
    update_extension(connection)
    if _current_revision(connection) != head:
        raise DatabaseNotReady(
            f"The server's files of the extension clipsql end at revision {_current_revision(connection)}, expected "
            f"{head}; write those of this clipsql into its share folder: clipsql db extension --write DIR."
        )
    set_search_path(connection)


def upgrade_script(revision: str = "head", *, of_extension: bool = False) -> str:
    """The statements of an upgrade to `revision` (or from one to another: "0003:head"), made without a database.

    Those of an extension's script stand in no transaction of their own and prepare nothing.
    """
    config = _alembic_config()
    config.attributes["of_extension"] = of_extension
    config.output_buffer = io.StringIO()
    with _revision_errors():
        command.upgrade(config, revision, sql=True)
    return config.output_buffer.getvalue()


def downgrade(engine: Engine, *, revision: str) -> None:
    """Take the schema back to `revision` ("base" removes it, with all its rows)."""
    with database_errors(engine), _revision_errors(), engine.begin() as connection:
        lock(connection)
        _refuse_unknown_revision(connection)
        if extension_version(connection) is not None:
            raise DatabaseNotReady(
                "The schema is an extension's, which knows no way back; run: drop extension clipsql (which takes all "
                'pictures away), or "clipsql db adopt --to migrations" before.'
            )
        set_search_path(connection)
        command.downgrade(_alembic_config(connection), revision)


def revisions(engine: Engine) -> Revisions:
    """The database's revision (None before the first upgrade) and the newest one."""
    with database_errors(engine), engine.connect() as connection:
        return Revisions(current=_current_revision(connection), head=newest_revision())


def newest_revision() -> str:
    """The revision that this clipsql makes."""
    return _scripts().get_current_head() or ""


def keeper(engine: Engine) -> str:
    """What keeps the schema: "migrations", or an extension with its version."""
    with database_errors(engine), engine.connect() as connection:
        version = extension_version(connection)
    return "migrations" if version is None else f"extension {version}"


def is_behind(engine: Engine) -> bool:
    """Whether an upgrade would do something."""
    found = revisions(engine)
    return found.current != found.head


def require_current(engine: Engine) -> None:
    """Raise DatabaseNotReady unless the database is at the newest revision."""
    found = revisions(engine)
    if found.current == found.head:
        return
    with database_errors(engine), engine.connect() as connection:
        _refuse_unknown_revision(connection)
    if found.current is None:
        raise DatabaseNotReady(
            f'Database has no clipsql schema yet, expected {found.head}; run "clipsql db upgrade".'
        )
    raise DatabaseNotReady(
        f'Database is at revision {found.current}, expected {found.head}; run "clipsql db upgrade".'
    )


def differences(engine: Engine) -> list[str]:
    """How the database differs from what this clipsql expects, one line each; empty when all is well."""
    with database_errors(engine), engine.connect() as connection:
        set_search_path(connection)
        return schema_differences(connection)


@contextmanager
def _revision_errors() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise ConfigurationError(f'{error}; "clipsql db status" shows the newest revision.') from error


def _alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(assets.migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


_MADE_BEFORE_THE_FIRST_RELEASE = """
    select to_regclass('clipsql.alembic_version') is not null
        or exists (select from pg_catalog.pg_proc as p
                   where p.pronamespace = to_regnamespace('clipsql') and p.proname = '_search')
"""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(assets.migrations_folder()))


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=ALEMBIC_OPTIONS).get_current_revision()


def _refuse_unknown_revision(connection: Connection) -> None:
    """Raise DatabaseNotReady for a database of another clipsql: a newer one, or one of before the first release."""
    current = _current_revision(connection)
    if current is None and connection.exec_driver_sql(_MADE_BEFORE_THE_FIRST_RELEASE).scalar_one():
        raise DatabaseNotReady(
            "This database was made by a clipsql of before the first release, which cannot be upgraded; ingest "
            'again into a fresh database, or take the old schema away with that clipsql\'s "clipsql db downgrade base".'
        )
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseNotReady(
            f"Database is at revision {current}, which this clipsql does not know; install a newer clipsql."
        )
