"""Transactions on a database, which is an engine, or a connection in a transaction that is its owner's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.errors import ConfigurationError

Database: TypeAlias = Engine | Connection


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """A connection to ask; what is set for the question, such as a time zone, ends with the block."""
    with _transaction(database, keeps=False) as connection:
        yield connection


@contextmanager
def writing(database: Database) -> Iterator[Connection]:
    """A connection to change things, all of them or none; on a given connection its owner commits them."""
    with _transaction(database, keeps=True) as connection:
        yield connection


@contextmanager
def _transaction(database: Database, *, keeps: bool) -> Iterator[Connection]:
    with database_errors(database.engine):
        if isinstance(database, Engine):
            with database.connect() as connection, _no_autocommit(connection), connection.begin() as own:
                yield connection
                if not keeps:
                    own.rollback()
            return
        if _commits_by_itself(database):
            raise ConfigurationError(
                "The connection commits every statement by itself; give one without AUTOCOMMIT, or its engine."
            )
        # After an error in a savepoint, the transaction of its owner goes on.
        with database.begin_nested() as savepoint:
            yield database
            if not keeps:
                savepoint.rollback()


def _commits_by_itself(connection: Connection) -> bool:
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))


@contextmanager
def _no_autocommit(connection: Connection) -> Iterator[None]:
    """Have transactions on a connection of an engine that does without them."""
    if not _commits_by_itself(connection):
        yield
        return
    driver = connection.connection.dbapi_connection
    driver.autocommit = False  # type: ignore[union-attr]
    try:
        yield
    finally:
        driver.autocommit = True  # type: ignore[union-attr]
