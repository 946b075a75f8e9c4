"""Run composed psycopg statements on a SQLAlchemy connection, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import set_json_loads
from sqlalchemy.engine import Connection, Engine

from clipsql.picture import read_json

Driver = psycopg.Connection[tuple[Any, ...]]


def driver_connection(connection: Connection) -> Driver:
    """The psycopg connection under a SQLAlchemy one, for COPY and composed identifiers."""
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def execute(connection: Connection, statement: sql.Composed, parameters: tuple[object, ...] = ()) -> None:
    """Run one composed statement; identifiers and literals in it are quoted by psycopg."""
    driver_connection(connection).execute(statement, parameters)


@contextmanager
def autocommit_connection(engine: Engine) -> Iterator[Driver]:
    """A psycopg connection for work that begins and ends its own transactions."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver = driver_connection(connection)
        set_json_loads(read_json, context=driver)
        try:
            yield driver
        finally:
            # Temporary tables and locks of this work must not meet the next user of the pool.
            connection.invalidate()
