"""Prepare a database for the schema: extension, roles and schemas, or what an administrator must run."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.db.schema.rights import ROLES
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA
from clipsql.errors import DatabaseNotReady

_OLDEST_POSTGRESQL = 15
_OLDEST_PGVECTOR = (0, 8, 0)
_SOUND_PGVECTOR = (0, 8, 4)


def prepare(connection: Connection) -> list[str]:
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
        *(
            gap
            for role in ROLES
            for gap in _ensure(
                connection,
                exists=f"select 1 where to_regrole('{role}') is not null",
                create=f"create role {role} nologin",
                missing=f"role {role} does not exist",
            )
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
    set_search_path(connection)
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


_MADE_MEANWHILE = ("23505", "42710")
"""What PostgreSQL says of a role that another transaction makes, and of one that it has made: SQLSTATEs."""


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
    except sa.exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        # Roles belong to the whole server: an upgrade of another database may make them at the same moment.
        if state in _MADE_MEANWHILE and connection.exec_driver_sql(exists).first() is not None:
            return []
        if state != "42501":
            raise
        user = connection.exec_driver_sql("select quote_ident(current_user)").scalar_one()
        return [_Refused(missing, (administrator or create).replace("{user}", user) + ";")]
    return []


# Functions keep this path ("set search_path from current"): pgvector's operators are found wherever the extension
# lives and whatever a session sets. And what a file says is read as it is written.
_SET_SEARCH_PATH = """\
set_config('standard_conforming_strings', 'on', true),
    set_config('search_path', 'pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp', true)
    from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'vector'"""


def set_search_path(connection: Connection) -> None:
    """Set the search path of this transaction to the one in which functions are made."""
    connection.exec_driver_sql(f"select {_SET_SEARCH_PATH}")


# Only where pgvector is loaded may a role that is no superuser name its settings in functions.
_SET_OUT = f"""\
    perform {_SET_SEARCH_PATH};
    execute 'select ''[1]''::vector';
end
$prepare$"""

PREPARATION = f"""\
create extension if not exists vector;
do $prepare$
declare
    role text;
begin
    foreach role in array array['clipsql_reader', 'clipsql_writer'] loop
        if to_regrole(role) is null then
            begin
                execute format('create role %I nologin', role);
            exception when unique_violation or duplicate_object then
                null;  -- an upgrade of another database made it at the same moment
            end;
        end if;
    end loop;
    if to_regnamespace('{SCHEMA}') is null then
        create schema {SCHEMA};
    end if;
    if to_regnamespace('{PRIVATE_SCHEMA}') is null then
        create schema {PRIVATE_SCHEMA};
    end if;
{_SET_OUT}"""
"""What `prepare` does, as statements of a script for a server of the right version."""

# What a script of an extension says before it knows where vectors are at home: nobody's functions come between.
_SAFE_PATH = "set local search_path = pg_catalog, pg_temp;\n"

PREPARATION_OF_UPDATE = f"{_SAFE_PATH}do $prepare$\nbegin\n{_SET_OUT}"
"""What comes before the steps in a script that brings an extension up to date."""

PREPARATION_OF_EXTENSION = f"""\
{_SAFE_PATH}do $prepare$
begin
    if '@extschema@' <> '{SCHEMA}' then
        raise exception 'The extension has the schema {SCHEMA}; run: create extension clipsql schema {SCHEMA}.';
    end if;
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'This database has encoding %, but clipsql needs UTF8.', current_setting('server_encoding');
    end if;
    if exists (select from pg_catalog.pg_extension as e where e.extname = 'vector'
               and string_to_array(substring(e.extversion from '^[0-9.]+'), '.')::integer[] < '{{0,8}}') then
        raise exception 'The extension needs pgvector 0.8 or later; run: alter extension vector update.';
    end if;
    if to_regrole('clipsql_reader') is null or to_regrole('clipsql_writer') is null then
        raise warning 'Only the owner may search: a role is missing; run: create role clipsql_reader nologin; '
            'create role clipsql_writer nologin; and then "clipsql db upgrade".';
    end if;
    create schema {PRIVATE_SCHEMA};
{_SET_OUT}"""  # noqa: S608  of constants
"""What comes before the steps in the script of an extension: roles belong to the server, so it makes none."""
