"""Work for all models that pictures are embedded under: the default one, and those that are kept beside it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, require_model
from clipsql.db.pictures import missing
from clipsql.db.shadows import retire_expired
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.db.transactions import writing
from clipsql.errors import DatabaseError, ModelError
from clipsql.ingest.readings import Outcome
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.ingest.worker import Worker

_log = logging.getLogger(__name__)

_LOOK_S = 1.0
"""How often it is looked which models pictures are kept under."""
_NOTE_S = 15.0
_LEAST_REST = 50
"""To count what waits takes a while in a large table; it rests for so many times that."""
_MOMENT_S = 0.05


class Workers:
    """A worker for the model that it begins with, and beside it one for each other that pictures are kept under.

    Which these are may change while they work: a new one is begun, that of a retired model ends. `make` loads a model
    and gives its worker.
    """

    def __init__(
        self, engine: Engine, first: Worker, model: ModelRow, make: Callable[[ModelRow], Worker]
    ) -> None:
        self._engine = engine
        self._first = first
        self._model = model
        self._make = make
        self._others: dict[str, Worker] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._unusable: set[str] = set()
        self._had_first = self._first_is_over = False
        self._lock = threading.Lock()
        self._is_stopping = False
        self._failure: BaseException | None = None

    def run(
        self,
        *,
        until_empty: bool,
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
        on_problem: Callable[[Problem], None] = lambda _problem: None,
    ) -> IngestReport:
        """Work until `stop`, or until nothing is pending for any of the models; what was done, as `Worker.run`."""
        report = IngestReport(on_problem=on_problem)
        started = time.monotonic()

        def told(outcome: Outcome) -> None:
            with self._lock:
                on_outcome(outcome)

        def work(worker: Worker) -> int:
            part = worker.run(until_empty=until_empty, on_outcome=told, on_problem=on_problem)
            with self._lock:
                report.add(part)
            return sum(part.outcomes.values())

        with self._looked_after(None if until_empty else work):
            if until_empty:
                # In turns: what is embedded under one may then wait for another.
                while sum(work(one) for one in (self._first, *self._kept_beside())) and self._others:
                    pass
            else:
                work(self._first)
                while not (self._is_stopping or self._failure):
                    time.sleep(_MOMENT_S)  # its model was retired, the others go on
        if self._failure is not None:
            raise self._failure
        report.seconds = time.monotonic() - started
        return report

    def stop(self) -> None:
        """Let `run` end, as `Worker.stop` does. Safe in a signal handler."""
        self._is_stopping = True
        for worker in (self._first, *list(self._others.values())):
            worker.stop()

    @contextmanager
    def _looked_after(self, work: Callable[[Worker], int] | None) -> Iterator[None]:
        """Within the block a thread notes how far it is, retires what is over, and with `work` has others work."""
        ended = threading.Event()
        watcher = threading.Thread(
            target=self._look_after, args=(ended, work), name="clipsql models", daemon=True
        )
        watcher.start()
        try:
            yield
        except BaseException:
            self._is_stopping = True
            for worker in list(self._others.values()):
                worker.abandon()
            raise
        finally:
            ended.set()
            watcher.join()
        for thread in self._threads.values():
            thread.join()

    def _look_after(self, ended: threading.Event, work: Callable[[Worker], int] | None) -> None:
        next_note = 0.0
        while not ended.wait(_LOOK_S):
            try:
                with database_errors(self._engine), autocommit_connection(self._engine) as connection:
                    while not ended.wait(_LOOK_S):
                        self._retire()
                        if work is not None:
                            self._follow(connection, work)
                        if time.monotonic() >= next_note:
                            next_note = time.monotonic() + self._note(connection)
            except DatabaseError as error:
                # The workers tell of an outage, and give up when it lasts.
                _log.debug("Models: %s", error)

    def _follow(self, connection: Driver, work: Callable[[Worker], int]) -> None:
        """Begin the workers of models that pictures are kept under, end those of others."""
        names = missing.served_models(connection)
        if self._model.name in names:
            self._had_first = True
        elif self._had_first and not self._first_is_over:
            self._first_is_over = True
            self._first.stop()
        for name in self._others.keys() - set(names):
            self._others.pop(name).stop()
            _log.info("Model %s is worked for no more.", name)
        self._begin_others(names)
        for name, worker in self._others.items():
            if not (name in self._threads and self._threads[name].is_alive()):
                _log.info("Working for model %s, too.", name)
                self._threads[name] = threading.Thread(
                    target=self._work_beside, args=(worker, work), name=f"clipsql {name}", daemon=True
                )
                self._threads[name].start()

    def _work_beside(self, worker: Worker, work: Callable[[Worker], int]) -> None:
        if self._is_stopping:
            worker.stop()
        try:
            work(worker)
        except BaseException as error:
            self._failure = error
            self.stop()

    def _kept_beside(self) -> list[Worker]:
        """The workers of the other models that pictures are kept under."""
        with autocommit_connection(self._engine) as connection:
            self._begin_others(missing.served_models(connection))
        return list(self._others.values())

    def _begin_others(self, names: Sequence[str]) -> None:
        """Load the models that are new; one that cannot be loaded is told of, once."""
        for name in names:
            is_first = name == self._model.name and not self._first_is_over
            if is_first or name in self._others or name in self._unusable:
                continue
            try:
                self._others[name] = self._make(require_model(self._engine, name))
            except ModelError as error:
                self._unusable.add(name)
                _log.warning(
                    "Pictures are kept under model %s, which is left to other workers. %s", name, error
                )

    def _retire(self) -> None:
        with writing(self._engine) as connection:
            for name in retire_expired(connection):
                _log.info(
                    'Model %s is retired: its time is over. "clipsql model remove %s" frees the space of its vectors.',
                    name,
                    name,
                )

    def _note(self, connection: Driver) -> float:
        """Note and tell how far shadows are; returns for how long to rest."""
        started = time.monotonic()
        for name, waiting, pictures, time_left in missing.note_pace(connection):
            if waiting:
                _log.info(
                    "Model %s: %s of %s pictures wait%s.",
                    name,
                    f"{waiting:,}",
                    f"{pictures:,}",
                    "" if time_left is None else f", {time_left} left",
                    extra={"model": name, "waiting": waiting, "pictures": pictures},
                )
        return max(_NOTE_S, _LEAST_REST * (time.monotonic() - started))
