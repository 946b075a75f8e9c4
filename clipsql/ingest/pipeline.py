"""Encode readings in full batches and write them while the next are read: the one line behind ingest and workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue, writing
from clipsql.db.pictures.leases import Lease
from clipsql.db.pictures.lookups import known_embeddings
from clipsql.db.pictures.number_format import note_dtype
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.pictures.refusals import write_but_refused
from clipsql.db.statements import Driver
from clipsql.encoding import Encoder
from clipsql.ingest.embedding import embed
from clipsql.ingest.readings import Reading, left_out, refused
from clipsql.ingest.regions import embed_regions
from clipsql.ingest.reports import IngestReport

_log = logging.getLogger(__name__)

WRITE_BATCH = 64
"""Pictures per transaction: large enough that a commit costs nothing, small enough to lose little in a crash."""


class Pipeline:
    """Encodes readings under one model and writes them: into a collection, or back to the queue they were leased from.

    Without an encoder there is nothing to encode: pictures are only checked, or put into the queue.
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None,
        model: ModelRow | None,
        lease: Lease,
        collection: str = "",
        language: str = "en",
    ) -> None:
        self._encoder = encoder
        self._model = model
        self._lease = lease
        self._collection = collection
        self._language = language
        self._knows_dtype = False

    def run(
        self,
        readings: Iterable[Reading | None],
        *,
        lookups: Driver,
        writes: Driver,
        report: IngestReport,
        on_settled: Callable[[Reading], None],
    ) -> None:
        """Encode and write all readings; None among them asks to write what is there without waiting for more.

        `report` and `on_settled` are told of every reading once it is safely stored, or was lost to another
        worker (then `on_settled` only). On `lookups` this thread reads; on `writes` another one writes.
        """
        with threads(1) as writer, _cancelled_by_ctrl_c(writes):
            written: Future[Written] = Future()
            written.set_result(Written())
            for batch in _batches_of_work(readings):
                ready = self.encode(batch, lookups)
                self.settle(written.result(), report, on_settled)
                written = writer.submit(self.write, writes, ready)
            self.settle(written.result(), report, on_settled)

    def encode(self, batch: Sequence[Reading], lookups: Driver) -> list[tuple[Reading, PictureWrite | None]]:
        """The batch, with what must be written for each reading; None where its row is left alone.

        A picture that the model, or one of whose captions it, makes nothing of has failed, alone.
        """
        fresh = [digest for reading in batch if (digest := reading.digest_to_encode) is not None]
        known: Mapping[bytes, NDArray[np.float32]] = {}
        if fresh:
            assert self._model is not None
            known = known_embeddings(lookups, fresh, model=self._model)
        batch, pictures, captions = embed(
            batch, self._encoder, known=known, before=lambda: self._compare_dtype(lookups)
        )
        return [
            (
                reading,
                None
                if reading.leaves_row
                else reading.write(
                    pictures.get(reading.digest_to_encode or b""),
                    captions,
                    embed_regions(reading, self._encoder),
                    language=self._language,
                ),
            )
            for reading in batch
        ]

    def _compare_dtype(self, lookups: Driver) -> None:
        if not self._knows_dtype:
            assert self._encoder is not None
            assert self._model is not None
            self._knows_dtype = True
            compare_dtype(lookups, self._model, self._encoder.dtype)

    def write(self, connection: Driver, ready: Sequence[tuple[Reading, PictureWrite | None]]) -> Written:
        """Write what is `ready` of a batch; what PostgreSQL refuses of it keeps nothing else out."""
        ours: set[int] = set()
        become: dict[int, Reading] = {}

        def write_own(pairs: Sequence[tuple[Reading, PictureWrite]]) -> None:
            writing.write_pictures(
                connection,
                [write for _, write in pairs],
                collection=self._collection,
                model=self._model,
            )

        def settle_leased(pairs: Sequence[tuple[Reading, PictureWrite]]) -> None:
            ours.update(
                queue.settle(connection, [write for _, write in pairs], self._lease, model=self._model)
            )

        changes = [(reading, write) for reading, write in ready if write is not None]
        own = [pair for pair in changes if not pair[0].is_claimed]
        for (reading, _), why in write_but_refused(own, write_own):
            become[id(reading)] = left_out(reading, why)
        leased = [pair for pair in changes if pair[0].is_claimed]
        for (reading, _), why in write_but_refused(leased, settle_leased):
            become[id(reading)] = failed = refused(reading, why)
            settle_leased([(failed, failed.write(None, {}, language=self._language))])
        return Written(
            settled=[become.get(id(reading), reading) for reading, _ in ready],
            lost={write.stored.image_id for _, write in leased if write.stored is not None} - ours,
            captions=sum(len(write.new_captions) for reading, write in changes if id(reading) not in become),
        )

    def settle(self, written: Written, report: IngestReport, on_settled: Callable[[Reading], None]) -> None:
        """Tell what became of a batch."""
        report.captions += written.captions
        for reading in written.settled:
            if not (reading.is_claimed and reading.stored and reading.stored.image_id in written.lost):
                report.settled(reading)
                if reading.picture.error is not None:
                    _log.debug("%s: %s", reading.picture.url, reading.picture.error)
            on_settled(reading)


def compare_dtype(lookups: Driver, model: ModelRow, dtype: str) -> None:
    """Say when vectors are made in another number format than those that are stored."""
    stored = note_dtype(lookups, model, dtype)
    if stored != dtype:
        _log.warning(
            "The vectors of model %s were made in %s, these are made in %s, so that the same picture lies a little "
            'beside itself; "--dtype %s" goes on as before.',
            model.name,
            stored,
            dtype,
            stored,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What became of a batch: its readings, image_ids of those that other workers have now, and new captions."""

    settled: Sequence[Reading] = ()
    lost: Collection[int] = ()
    captions: int = 0


def _batches_of_work(readings: Iterable[Reading | None]) -> Iterator[list[Reading]]:
    """Runs of readings with WRITE_BATCH changes each, so that the model's batches are full; shorter before a None."""
    batch: list[Reading] = []
    changes = 0
    for reading in readings:
        if reading is not None:
            batch.append(reading)
            changes += not reading.leaves_row
        if reading is None or changes == WRITE_BATCH or len(batch) == 16 * WRITE_BATCH:
            yield batch
            batch, changes = [], 0
    if batch:
        yield batch


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool that drops all that still waits for it when the block ends, by an error or by Ctrl-C too."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cancelled_by_ctrl_c(connection: Driver) -> Iterator[None]:
    """Lets Ctrl-C end what another thread does on `connection` too: it may wait for a lock, without end."""
    try:
        yield
    except KeyboardInterrupt:
        connection.cancel_safe(timeout=5)
        raise
