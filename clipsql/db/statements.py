"""Run composed psycopg statements on a SQLAlchemy connection, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import set_json_loads
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors, know_vectors
from clipsql.db.transactions import Database, writing
from clipsql.errors import ConfigurationError
from clipsql.picture import read_json

Driver = psycopg.Connection[tuple[Any, ...]]


def driver_connection(connection: Connection) -> Driver:
    """The psycopg connection under a SQLAlchemy one, for COPY and composed identifiers."""
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise ConfigurationError(
            f"This needs the driver psycopg, not {connection.dialect.driver}; make the engine with a URL that begins "
            "with postgresql+psycopg://."
        )
    know_vectors(driver)
    return driver


def execute(connection: Connection, statement: sql.Composed, parameters: tuple[object, ...] = ()) -> None:
    """Run one composed statement; identifiers and literals in it are quoted by psycopg."""
    driver_connection(connection).execute(statement, parameters)


def counted(driver: Driver, statement: LiteralString, *values: object) -> int:
    """The one number that a statement gives."""
    row = driver.execute(statement, values or None).fetchone()
    assert row is not None
    return int(row[0])


def may_do_nothing(driver: Driver) -> None:
    """Let the transaction wait as long as it must: a server may end those that do nothing for long."""
    driver.execute(
        """
        select set_config(s.name, '0', true) from pg_catalog.pg_settings as s
        where s.name in ('idle_in_transaction_session_timeout', 'transaction_timeout')
        """
    )


@contextmanager
def copy_into(driver: Driver, table: str, columns: Mapping[str, str]) -> Iterator[psycopg.Copy]:
    """A binary COPY into columns, SQL types by name, of a table of clipsql, within a transaction.

    By way of a temporary table where the role writes under row-level security, which COPY knows nothing of.
    """
    target = sql.Identifier(*table.split("."))
    row = driver.execute("select row_security_active(%s)", (table,)).fetchone()
    if is_aside := row == (True,):
        target = sql.Identifier("copied_aside")
        driver.execute(
            sql.SQL("create temporary table {} ({}) on commit drop").format(
                target, sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in columns.items())
            )
        )
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with driver.cursor().copy(
        sql.SQL("copy {} ({}) from stdin (format binary)").format(target, names)
    ) as copy:
        copy.set_types(list(columns.values()))
        yield copy
    if is_aside:
        driver.execute(
            sql.SQL("insert into {} ({}) overriding system value select {} from copied_aside").format(
                sql.Identifier(*table.split(".")), names, names
            )
        )
        driver.execute("drop table copied_aside")


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


@contextmanager
def driver_transactions(database: Database) -> Iterator[Driver]:
    """A psycopg connection that begins and ends its own transactions: within that of a given connection, savepoints."""
    if isinstance(database, Engine):
        with database_errors(database), autocommit_connection(database) as driver:
            yield driver
    else:
        with writing(database) as connection:
            yield driver_connection(connection)
