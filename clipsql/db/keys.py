"""Keys of "clipsql serve": who shows one asks as the database role that it stands for."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.schema.rights import READER
from clipsql.db.tables.keys import ApiKey
from clipsql.errors import ConfigurationError

_PREFIX = "clipsql_"
"""What keys begin with, so that a scanner of repositories knows one."""


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """One key, without itself: what it is called, and the role that it stands for."""

    name: str
    role: str
    created_at: dt.datetime


def digest_of(key: str) -> bytes:
    """What is stored of a key. It is random and long, so that a plain hash gives nothing away."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def add_key(engine: Engine, name: str, *, role: str = READER) -> str:
    """A new key, which is told this once. Raises ConfigurationError for a taken name or an unfit role."""
    key = _PREFIX + secrets.token_urlsafe(32)
    with database_errors(engine):
        try:
            with engine.begin() as connection:
                _require_role(connection, role)
                connection.execute(sa.insert(ApiKey).values(digest=digest_of(key), name=name, role=role))
        except sa.exc.IntegrityError as error:
            if not isinstance(error.orig, psycopg.errors.UniqueViolation):
                raise
            raise ConfigurationError(
                f"There is a key {name} already; remove it first, or choose another name."
            ) from error
    return key


def list_keys(engine: Engine) -> list[KeyRow]:
    """All keys, by name."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(ApiKey.name, ApiKey.role, ApiKey.created_at).order_by(ApiKey.name)
        )
        return [KeyRow(**row) for row in rows.mappings()]


def remove_key(engine: Engine, name: str) -> None:
    """Have a key open nothing from now on. Raises ConfigurationError when there is none of that name."""
    with database_errors(engine), engine.begin() as connection:
        if connection.execute(sa.delete(ApiKey).where(ApiKey.name == name)).rowcount:
            return
    known = ", ".join(key.name for key in list_keys(engine)) or "none"
    raise ConfigurationError(f"There is no key {name}; there is: {known}.")


def _require_role(connection: sa.Connection, role: str) -> None:
    found = connection.execute(
        sa.text(
            "select rolsuper or rolbypassrls as is_above, has_table_privilege(oid, 'clipsql.image', 'select') as reads"
            " from pg_catalog.pg_roles where rolname = :role"
        ),
        {"role": role},
    ).first()
    if found is None:
        raise ConfigurationError(f"There is no role {role}; make it: create role ... in role {READER}.")
    if found.is_above:
        raise ConfigurationError(
            f"No right and no policy holds for role {role}, a superuser or one that bypasses row-level security; "
            f"give the key a role such as {READER}."
        )
    if not found.reads:
        raise ConfigurationError(f"Role {role} may not search; run: grant {READER} to {role}.")
