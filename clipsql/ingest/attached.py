"""Keep the pictures of attached tables up to date beside a worker, which then embeds what they wait for."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db import attached_rows
from clipsql.db.statements import Driver, autocommit_connection

_log = logging.getLogger(__name__)

_POLL_S = 0.25
"""How often an idle worker looks for what writers noted."""
_RETRY_EVERY_S = 30.0
_REST_S = 30.0
"""After an error, such as a missing right, an attachment is left alone for so long."""
_STEP_ROWS = 200
"""Rows that one transaction brings up to date: so few that nobody waits long for their pictures' rows."""
_STRETCH_ROWS = 5_000


@dataclass(kw_only=True)
class _Pass:
    """How far a look at all rows of a table has come: its rows first, then its links."""

    asked: attached_rows.Asked
    in_links: bool = False
    after: list[str] | None = None


class AttachedTables:
    """Brings rows up to date that writers noted, what people just wrote first; then looks for what triggers missed."""

    def __init__(self, engine: Engine, *, collection: str | None = None) -> None:
        self._engine = engine
        self._collection = collection
        self._started: dt.datetime | None = None
        self._passes: dict[int, _Pass] = {}
        self._resting: dict[int, float] = {}
        self._next_retry = time.monotonic() + _RETRY_EVERY_S
        self._is_idle = threading.Event()
        self._is_closed = threading.Event()
        self._failure: BaseException | None = None
        self.has_news = threading.Event()
        """Set whenever something was brought up to date, for a worker that waits."""

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within the block a thread keeps all up to date."""
        self._is_closed.clear()
        self._is_idle.clear()
        thread = threading.Thread(target=self._keep, name="clipsql attached tables", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_closed.set()
            thread.join()

    def is_settled(self, connection: Driver) -> bool:
        """Whether every row of every attached table is linked as it should be; those that cannot be read apart."""
        if self._failure is not None:
            raise self._failure  # else its thread would be waited for without end
        return self._is_idle.is_set() and not any(
            attached_rows.are_noted(connection, attachment)
            for attachment in attached_rows.attached_tables(connection, collection=self._collection)
            if not self._rests(attachment)
        )

    def step(self, connection: Driver) -> bool:
        """Bring a few rows up to date; returns whether there was something to do."""
        if self._started is None:
            self._started = attached_rows.now(connection)
        attachments = attached_rows.attached_tables(connection, collection=self._collection)
        is_busy = False
        for attachment in attachments:
            if not self._rests(attachment):
                try:
                    is_busy |= self._step(connection, attachment)
                except psycopg.Error as error:
                    if connection.closed:
                        raise
                    self._rest(connection, attachment, error)
        if attachments and time.monotonic() >= self._next_retry:
            self._next_retry = time.monotonic() + _RETRY_EVERY_S
            attached_rows.retry_failed(connection, most_rows=1_000)
        return is_busy

    def _step(self, connection: Driver, attachment: int) -> bool:
        assert self._started is not None
        if attached_rows.are_noted(connection, attachment):
            if attached_rows.apply(connection, attachment, most_rows=_STEP_ROWS) is None:
                self._is_closed.wait(_POLL_S)  # another worker is at it
                return True
            self.has_news.set()
            return True
        looking = self._passes.get(attachment)
        if looking is None:
            asked = attached_rows.due_pass(connection, attachment, since=self._started)
            if asked is None:
                return False
            looking = self._passes[attachment] = _Pass(asked=asked)
        looking.after, _ = attached_rows.find(
            connection, attachment, in_links=looking.in_links, after=looking.after, most_rows=_STRETCH_ROWS
        )
        if looking.after is None:
            if looking.in_links:
                attached_rows.end_pass(connection, attachment, looking.asked)
                del self._passes[attachment]
            looking.in_links = True
        return True

    def _rests(self, attachment: int) -> bool:
        return time.monotonic() < self._resting.get(attachment, 0)

    def _rest(self, connection: Driver, attachment: int, error: psycopg.Error) -> None:
        self._passes.pop(attachment, None)
        if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable):
            return  # tried again at once
        if attachment not in attached_rows.attached_tables(connection, collection=self._collection):
            return  # detached a moment ago
        reason = error.diag.message_primary or str(error)
        _log.warning("An attached table cannot be kept up to date: %s", reason)
        self._resting[attachment] = time.monotonic() + _REST_S
        attached_rows.note_problem(connection, attachment, reason)

    def _keep(self) -> None:
        while not self._is_closed.is_set():
            try:
                with autocommit_connection(self._engine) as connection:
                    while not self._is_closed.is_set():
                        if self.step(connection):
                            self._is_idle.clear()
                        else:
                            self._is_idle.set()
                            self._is_closed.wait(_POLL_S)
            except (psycopg.Error, sa.exc.SQLAlchemyError) as error:
                # The worker itself tells of an outage, and gives up when it lasts.
                _log.debug("Attached tables: %s", error)
                self._is_closed.wait(1)
            except BaseException as error:
                self._failure = error
                return
