"""Open a PostgreSQL with pgvector and turn its errors into clipsql's own."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import sqlalchemy as sa
from pgvector.psycopg import register_vector
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from clipsql.errors import (
    ERRORS_BY_SQLSTATE,
    ClipsqlError,
    ConfigurationError,
    DatabaseError,
    DatabaseNotReady,
    DatabaseUnreachable,
    InvalidText,
)

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10

_REMEDY_BY_SQLSTATE = {
    "53100": "free space on the server's disk, then run the same command again; what was written so far is kept",
    "53200": "give the server more memory, then run the same command again",
    "25006": "connect to the primary server; this one is read-only",
    "42501": "connect as a role with that privilege",
    "42P01": 'run "clipsql db upgrade"',
    "42883": 'run "clipsql db upgrade"',
    "3F000": 'run "clipsql db upgrade"',
}


_AWAY = ("08", "57P01", "57P02", "57P03")
"""SQLSTATEs, by their beginning, of a server that is shut down, restarts or lost the connection."""
_UNSTORABLE = ("22021", "22P05")
"""SQLSTATEs of characters that PostgreSQL has no place for. psycopg itself refuses NUL, without a state."""


_TOLD = "01CQ1"
"""SQLSTATE of a warning that is for people: a text that is mostly unknown to the model."""


def create_engine(database_url: str) -> Engine:
    """Engine on psycopg 3 whose connections know pgvector's types. Raises ConfigurationError for a bad URL.

    Nothing is prepared on the server, for a pooler gives every transaction to another session; `?prepare_threshold=5`
    in the URL prepares what is run that often.
    """
    url = _psycopg_url(database_url)
    engine = sa.create_engine(
        url.difference_update_query(["prepare_threshold"]),
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "prepare_threshold": _threshold(url.query.get("prepare_threshold", "none")),
        },
        pool_pre_ping=True,
        json_serializer=json_text,
    )
    event.listen(engine, "connect", _register_types)
    return engine


json_text = partial(json.dumps, ensure_ascii=False)
"""Unescaped, so that what PostgreSQL cannot hold is refused alike in JSON and in any other text."""


def _psycopg_url(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: the port is no number
        raise ConfigurationError(
            "The database URL cannot be read; write it as postgresql://user:password@host:port/database."
        ) from None
    if url.drivername.split("+")[0] not in ("postgresql", "postgres"):
        raise ConfigurationError(
            f"clipsql needs PostgreSQL, but the database URL begins with {url.drivername}:; "
            "write it as postgresql://user:password@host:port/database."
        )
    return url.set(drivername="postgresql+psycopg")


def _threshold(given: str | tuple[str, ...]) -> int | None:
    if given == "none":
        return None
    if isinstance(given, str) and given.isascii() and given.isdigit():
        return int(given)
    raise ConfigurationError(
        f"prepare_threshold in the database URL is {given!r}; give one number, or none to prepare nothing."
    )


def shown_url(engine: Engine) -> str:
    """URL of the database for people: without the password and the options, which may hold one too, but for hosts."""
    hosts = {name: value for name, value in engine.url.query.items() if name == "host"}
    return engine.url.set(drivername="postgresql", query=hosts).render_as_string(hide_password=True)


def _register_types(connection: psycopg.Connection, _record: object) -> None:
    # The extension may lie in a schema that is not on the path, where its types and operators are not found.
    connection.execute(
        """
        select set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''),
                                                   quote_ident(n.nspname)), false)
        from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
        where e.extname = 'vector' and to_regtype('vector') is null
        """
    )
    know_vectors(connection)
    connection.add_notice_handler(_tell_warning)
    connection.commit()


def _tell_warning(found: psycopg.errors.Diagnostic) -> None:
    """Log what clipsql's own SQL warns of."""
    if found.sqlstate == _TOLD:
        _log.warning("%s", found.message_primary)


def know_vectors(connection: psycopg.Connection) -> None:
    """Teach a connection pgvector's types, once; that of an application's own engine may not know them."""
    if connection.adapters.types.get("halfvec") is not None:
        return
    # Before the first upgrade there is no extension yet, and nothing that needs its types.
    if connection.execute("select to_regtype('vector')").fetchone() != (None,):
        register_vector(connection)


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Raise ClipsqlError instead of what SQLAlchemy and psycopg raise inside this block.

    A text that PostgreSQL cannot hold is an InvalidText: psycopg refuses it before anything is sent.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidText(_without_surrogates(error)) from error
    except sa.exc.TimeoutError as error:
        raise DatabaseUnreachable(
            f"The engine's pool has no connection left ({_one_line(str(error))}); give it a larger pool_size."
        ) from error
    except ValueError as error:
        if "NUL (0x00)" not in str(error):  # so psycopg2 says it
            raise
        raise InvalidText(_unstorable(_one_line(str(error)))) from error
    except sa.exc.DBAPIError as error:
        if (unwritable := _unwritable(error)) is not None:
            raise InvalidText(_without_surrogates(unwritable)) from error
        raise _translated(error.orig, engine) from error
    except psycopg.Error as error:
        raise _translated(error, engine) from error


def _unwritable(error: BaseException) -> UnicodeEncodeError | None:
    """What lies under the error of a driver that wraps it, as asyncpg does."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, UnicodeEncodeError):
        cause = cause.__cause__
    return cause


def _translated(error: BaseException | None, engine: Engine) -> ClipsqlError:
    sqlstate = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    message = database_message(error)
    if sqlstate in ERRORS_BY_SQLSTATE:
        return ERRORS_BY_SQLSTATE[sqlstate](f"{message}.")
    if sqlstate in _UNSTORABLE or (_is(error, "DataError") and not sqlstate and "NUL" in message):
        return InvalidText(_unstorable(message))
    where = shown_url(engine)
    if _is(error, "OperationalError") and (sqlstate is None or sqlstate.startswith(_AWAY)):
        return DatabaseUnreachable(
            f"Cannot reach {where}: {message}; check the URL and that the server runs."
        )
    if sqlstate == "42501" and "row-level security" in message:
        return DatabaseError(
            f"{message}: it is another's picture, or the policies of clipsql.image let this role only read it."
        )
    if sqlstate in ("42P01", "42883", "3F000"):
        return DatabaseNotReady(f'{message}; run "clipsql db upgrade" first ({where}).')
    remedy = _REMEDY_BY_SQLSTATE.get(sqlstate or "")
    return DatabaseError(f"The database refused: {message}" + (f"; {remedy}." if remedy else f" ({where})."))


def _is(error: BaseException | None, name: str) -> bool:
    """Whether it is of a class that the DB-API names, whatever driver raised it."""
    return any(kind.__name__ == name for kind in type(error).__mro__)


def _unstorable(message: str) -> str:
    return f"The text cannot be stored: {message}; leave that character out."


def _without_surrogates(error: UnicodeEncodeError) -> str:
    code = ord(error.object[error.start])
    what = (
        f"the byte 0x{code - 0xDC00:02X}, which is not UTF-8"
        if 0xDC80 <= code <= 0xDCFF  # what Python makes of such a byte in an argument or a file name
        else f"U+{code:04X}, half of a surrogate pair"
    )
    return f"The text cannot be stored: character {error.start + 1} is {what}; leave it out, or write it in UTF-8."


def database_message(error: BaseException | None) -> str:
    """What PostgreSQL said, in one line without a full stop: its DETAIL and HINT, too, which often hold the remedy."""
    message, detail, hint = _said(error)
    if message is None:
        return _one_line(str(error).split("\n")[0]) or type(error).__name__
    further = {"detail": detail, "hint": hint}
    return "; ".join(
        [_one_line(message), *(f"{name}: {_one_line(text)}" for name, text in further.items() if text)]
    )


def _said(error: BaseException | None) -> tuple[str | None, str | None, str | None]:
    """PostgreSQL's message, DETAIL and HINT, as far as it said them, in the error of any driver."""
    if (said := getattr(error, "diag", None)) is not None:
        return said.message_primary, said.message_detail, said.message_hint
    cause = getattr(error, "__cause__", None)  # SQLAlchemy's error has that of asyncpg under it
    return getattr(cause, "message", None), getattr(cause, "detail", None), getattr(cause, "hint", None)


def _one_line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
