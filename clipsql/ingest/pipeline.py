"""Encode readings in full batches and write them while the next are read: the one line behind ingest and workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.db import indexes, percentile_samples
from clipsql.db.models import ModelRow
from clipsql.db.partitions import EMBEDDING_TABLES
from clipsql.db.pictures import queue, writing
from clipsql.db.pictures.lookups import known_embeddings
from clipsql.db.pictures.queue import Lease
from clipsql.db.pictures.records import PictureWrite
from clipsql.db.statements import Driver
from clipsql.encoding import Encoder
from clipsql.ingest.readings import IngestReport, Outcome, Reading

_log = logging.getLogger(__name__)

WRITE_BATCH = 64
"""Pictures per transaction: large enough that a commit costs nothing, small enough to lose little in a crash."""

_ROWS_THAT_NEED_AN_INDEX = 10_000
"""Fewer are compared in some ten milliseconds."""


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
            written: Future[set[int]] = Future()
            written.set_result(set())
            last: list[Reading] = []
            for batch in _batches_of_work(readings):
                ready = self.encode(batch, lookups)
                self._settle(last, written.result(), report, on_settled)
                report.captions += sum(len(write.new_captions) for _, write in ready)
                written = writer.submit(self._write, writes, ready)
                last = batch
            self._settle(last, written.result(), report, on_settled)

    def encode(self, batch: Sequence[Reading], lookups: Driver) -> list[tuple[Reading, PictureWrite]]:
        """What must be written for a batch, with the embeddings of its pictures and captions."""
        changes = [reading for reading in batch if not reading.leaves_row]
        embeddings = self._embed_pictures(changes, lookups)
        texts = list(dict.fromkeys(text for reading in changes for text in reading.captions_to_encode))
        vectors: dict[str, NDArray[np.float32]] = {}
        if texts:
            assert self._encoder is not None
            vectors = dict(zip(texts, self._encoder.encode_texts(texts), strict=True))
        return [
            (reading, reading.write(embedding, vectors, language=self._language))
            for reading, embedding in zip(changes, embeddings, strict=True)
        ]

    def finish(
        self,
        engine: Engine,
        report: IngestReport,
        *,
        collection: str | None,
    ) -> None:
        """Build the indexes after the first bulk load; bring statistics and the collection's sample up to date.

        `collection` None stands for all.
        """
        if self._model is None:
            return
        for table in EMBEDDING_TABLES:
            try:
                indexes.ensure_index(engine, self._model, table=table)
            except indexes.NotTheOwner as error:
                if error.rows >= _ROWS_THAT_NEED_AN_INDEX:
                    _log.warning("%s", error)
        if report.outcomes[Outcome.ADDED] + report.outcomes[Outcome.UPDATED]:
            writing.analyze(engine, self._model)
        percentile_samples.refresh(
            engine, self._model, collections=None if collection is None else [collection]
        )

    def _embed_pictures(
        self, changes: Sequence[Reading], lookups: Driver
    ) -> list[NDArray[np.float32] | None]:
        """Embeddings where there are pixels; each content is encoded once, here and in all that is stored."""
        fresh = {_digest(reading): reading.pixels for reading in changes if reading.pixels is not None}
        if not fresh:
            return [None] * len(changes)
        assert self._encoder is not None
        assert self._model is not None
        known = known_embeddings(lookups, list(fresh), model=self._model)
        unknown = {digest: pixels for digest, pixels in fresh.items() if digest not in known}
        if unknown:
            encoded = self._encoder.encode_pixels(np.stack(list(unknown.values())))
            known.update(zip(unknown, encoded, strict=True))
        return [None if reading.pixels is None else known[_digest(reading)] for reading in changes]

    def _write(self, connection: Driver, ready: Sequence[tuple[Reading, PictureWrite]]) -> set[int]:
        """Write a batch; returns the image_ids of leased pictures that were this worker's no more."""
        writing.write_pictures(
            connection,
            [write for reading, write in ready if not reading.is_claimed],
            collection=self._collection,
            model=self._model,
        )
        claimed = [write for reading, write in ready if reading.is_claimed]
        ours = queue.settle(connection, claimed, self._lease, model=self._model)
        return {write.stored.image_id for write in claimed if write.stored is not None} - ours

    def _settle(
        self,
        batch: Iterable[Reading],
        lost: set[int],
        report: IngestReport,
        on_settled: Callable[[Reading], None],
    ) -> None:
        for reading in batch:
            if not (reading.is_claimed and reading.stored and reading.stored.image_id in lost):
                report.settled(reading)
                if reading.picture.error is not None:
                    _log.debug("%s: %s", reading.picture.url, reading.picture.error)
            on_settled(reading)


def _digest(reading: Reading) -> bytes:
    assert reading.picture.sha256 is not None
    return reading.picture.sha256


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
