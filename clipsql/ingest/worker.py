"""Work on the pictures that wait in the database, beside any number of other workers on any machine."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

from sqlalchemy.engine import Engine
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Scope
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import Encoder
from clipsql.errors import DatabaseUnreachable
from clipsql.ingest.attached import AttachedTables
from clipsql.ingest.backfill import Backfill
from clipsql.ingest.claims import LEASE_S, POLL_S, Claims, new_lease, pictures_ahead
from clipsql.ingest.finishing import finish
from clipsql.ingest.pipeline import Pipeline, threads
from clipsql.ingest.readings import Outcome, Reading, ReadOptions
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.web.downloading import Downloader, DownloadOptions

_log = logging.getLogger(__name__)

_LONGEST_OUTAGE_S = 600.0
_MOMENT_S = 0.05


class Worker:
    """Downloads, encodes and writes pending pictures under one model, of one collection or of all.

    While the model is a shadow, those that were there before, too. With `only_fresh` none but what came in just now,
    with `follows_default` those that wait for any model only while it is the default; without `keeps_attached` another
    worker of this process keeps attached tables up to date.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        model: ModelRow,
        *,
        options: ReadOptions | None = None,
        downloads: DownloadOptions | None = None,
        collection: str | None = None,
        lease_s: float = LEASE_S,
        only_fresh: bool = False,
        follows_default: bool = False,
        keeps_attached: bool = True,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        self._scope = Scope(
            model=model, collection=collection, only_fresh=only_fresh, follows_default=follows_default
        )
        self._options = options or ReadOptions()
        self._downloads = downloads or DownloadOptions()
        self._lease = new_lease(seconds=lease_s)
        self._attached = AttachedTables(engine, collection=collection) if keeps_attached else None
        self._has_news = threading.Event() if self._attached is None else self._attached.has_news
        self._backfill = None if only_fresh else Backfill(model)
        self._pipeline = Pipeline(encoder=encoder, model=model, lease=self._lease)
        self._claims: Claims | None = None
        self._is_stopping = False
        self._lost_at: float | None = None

    def run(
        self,
        *,
        until_empty: bool,
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
        on_problem: Callable[[Problem], None] = lambda _problem: None,
    ) -> IngestReport:
        """Work until `stop`, or until nothing is pending; returns what was done.

        While the database is away, as in a restart, it is tried again for ten minutes. `on_outcome` is told of every
        picture once it is safely stored, `on_problem` of every one that fails. Raises DatabaseError.
        """
        report = IngestReport(on_problem=on_problem)
        started = time.monotonic()
        for attempt in Retrying(
            retry=retry_if_exception_type(DatabaseUnreachable),
            wait=wait_random_exponential(multiplier=0.5, max=15),
            stop=self._gives_up,
            before_sleep=_tell_outage,
            reraise=True,
        ):
            attached = nullcontext() if self._attached is None else self._attached.kept()
            with attempt, database_errors(self._engine), attached:
                while not self._is_stopping:
                    self._work(report, on_outcome=on_outcome)
                    if self._more_is_coming():
                        continue
                    if not self._is_stopping:
                        finish(
                            self._engine,
                            self._scope.model,
                            report,
                            collection=self._scope.collection,
                            encoder=self._encoder,
                        )
                    if until_empty:
                        break
                    self._wait_for_pictures()
        report.seconds = time.monotonic() - started
        return report

    def stop(self) -> None:
        """Let `run` end: what is downloaded is still written, the rest is given back. Safe in a signal handler."""
        self._is_stopping = True
        if self._claims is not None:
            self._claims.stop()

    def abandon(self) -> None:
        """Stop, and give back at once what is in hand."""
        self.stop()
        with autocommit_connection(self._engine) as connection:
            queue.give_back_all(connection, self._lease)

    def _work(self, report: IngestReport, *, on_outcome: Callable[[Outcome], None]) -> None:
        """Work until nothing is pending, in the hands of other workers included."""
        with (
            autocommit_connection(self._engine) as lookups,
            autocommit_connection(self._engine) as writes,
            threads(max(2, os.cpu_count() or 1)) as readers,
            Downloader(self._downloads) as downloader,
            Claims(
                self._engine,
                lookups,
                self._scope,
                self._lease,
                encoder=self._encoder,
                options=self._options,
                downloader=downloader,
                readers=readers,
                ahead=pictures_ahead(self._downloads),
            ) as claims,
        ):
            # What was in hand when the database went away.
            queue.give_back_all(lookups, self._lease)
            self._lost_at = None
            self._claims = claims
            if self._is_stopping:
                claims.stop()

            def settled(reading: Reading) -> None:
                claims.settled(reading)
                on_outcome(reading.outcome)

            self._pipeline.run(
                claims.stream(), lookups=lookups, writes=writes, report=report, on_settled=settled
            )

    def _more_is_coming(self) -> bool:
        """Wait until attached tables are up to date, or pictures wait, theirs or missing ones; whether some do."""
        with autocommit_connection(self._engine) as connection:
            while not self._is_stopping:
                # First: what is noted comes into the queue.
                is_settled = self._attached is None or self._attached.is_settled(connection)
                if not queue.is_empty(connection, self._scope):
                    return True
                if self._backfill is not None and self._backfill.queue_some(connection):
                    return True
                if is_settled:
                    return False
                time.sleep(_MOMENT_S)
        return False

    def _wait_for_pictures(self) -> None:
        _log.info("Nothing is pending; waiting for pictures.")
        with autocommit_connection(self._engine) as connection:
            while not self._is_stopping and queue.is_empty(connection, self._scope):
                if self._backfill is not None and self._backfill.is_due(connection):
                    return
                self._has_news.clear()
                # In short waits: a signal has to end them.
                for _ in range(round(POLL_S / _MOMENT_S)):
                    if self._is_stopping or self._has_news.wait(_MOMENT_S):
                        break

    def _gives_up(self, _state: RetryCallState) -> bool:
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        return self._is_stopping or time.monotonic() - self._lost_at > _LONGEST_OUTAGE_S


def _tell_outage(state: RetryCallState) -> None:
    assert state.outcome is not None
    _log.warning("%s Trying again.", state.outcome.exception())
