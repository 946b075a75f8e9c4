"""Ingest a source of pictures: read, decode, encode and write what is new or changed, and nothing else."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from sqlalchemy.engine import Engine

from clipsql.db import backgrounds, indexes, pictures
from clipsql.db.engine import database_errors
from clipsql.db.models import EMBEDDING_TABLES, ModelRow
from clipsql.db.pictures import Driver, PictureWrite, StoredImage
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import Encoder
from clipsql.reading import IngestOptions, Outcome, Reading, caption_language, printable, read_picture
from clipsql.sources import Source, SourceRecord

__all__ = ["Indexer", "IngestOptions", "IngestReport", "Outcome"]

WRITE_BATCH = 64
"""Pictures per transaction: large enough that a commit costs nothing, small enough to lose little in a crash."""

_LOOK_UP_BATCH = 256
_MOST_EXAMPLES = 10
"""Failures and duplicates that a report names one by one."""


@dataclass(kw_only=True)
class IngestReport:
    """What an ingest did; `failures` and `duplicates` name the first few."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    captions: int = 0
    seconds: float = 0.0


class Indexer:
    """Writes pictures of a source, their captions and their embeddings under one model into the database."""

    def __init__(self, engine: Engine, encoder: Encoder, model: ModelRow) -> None:
        self._engine = engine
        self._encoder = encoder
        self._model = model

    def ingest(
        self,
        source: Source,
        options: IngestOptions,
        *,
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
        on_wait: Callable[[], None] = lambda: None,
        on_index: Callable[[int], None] = lambda _rows: None,
    ) -> IngestReport:
        """Bring the collection up to date with the source and return what was done.

        Each batch is one transaction: after a crash or Ctrl-C a rerun continues where the last one stopped.
        `on_outcome` is told of every record once it is safely stored, `on_wait` that another ingest into the
        collection must end first, `on_index` the rows of an index before it is built. Raises SourceError when
        the source breaks off; what came before is kept.
        """
        report = IngestReport()
        started = time.monotonic()
        with (
            database_errors(self._engine),
            autocommit_connection(self._engine) as lookups,
            autocommit_connection(self._engine) as writes,
        ):
            # On the connection that writes: when this process is killed, the server lets the next ingest in only
            # after it has ended the last transaction.
            pictures.lock_collection(writes, options.collection, on_wait=on_wait)
            # Beside this thread, which keeps the model busy, pictures are decoded and the last batch is written.
            with (
                _threads(max(2, os.cpu_count() or 1)) as readers,
                _threads(1) as writer,
                _cancelled_by_ctrl_c(writes),
            ):
                readings = self._read_ahead(source, options, report, lookups, readers)
                written: Future[None] = Future()
                written.set_result(None)
                last: list[Reading] = []
                for batch in _batches_of_work(readings):
                    ready = self._encode(batch, options)
                    report.captions += sum(len(write.new_captions) for write in ready)
                    written.result()
                    _settle(last, report, on_outcome)
                    written = writer.submit(self._write, writes, ready, options.collection)
                    last = batch
                written.result()
                _settle(last, report, on_outcome)
            self._finish(report, options.collection, on_index)
        report.seconds = time.monotonic() - started
        return report

    def _read_ahead(
        self,
        source: Source,
        options: IngestOptions,
        report: IngestReport,
        connection: Driver,
        readers: ThreadPoolExecutor,
    ) -> Iterator[Reading]:
        """Records in source order, read and decoded by the threads of `readers`, two batches ahead."""
        ahead: deque[Future[Reading]] = deque()
        for record, stored in self._look_up(source, options, report, connection):
            ahead.append(readers.submit(read_picture, record, stored, encoder=self._encoder, options=options))
            if len(ahead) == 2 * WRITE_BATCH:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _look_up(
        self, source: Source, options: IngestOptions, report: IngestReport, connection: Driver
    ) -> Iterator[tuple[SourceRecord, StoredImage | None]]:
        """Records with what is stored of them; one whose URL came before is reported and left out."""
        records = iter(source)
        while chunk := list(islice(records, _LOOK_UP_BATCH)):
            sightings = [(record.url, printable(record.position)) for record in chunk]
            seen = pictures.first_positions(connection, sightings)
            stored = pictures.stored_images(
                connection,
                collection=options.collection,
                urls=[record.url for record in chunk],
                model=self._model,
            )
            for record in chunk:
                if record.url in seen:
                    report.outcomes[Outcome.DUPLICATE] += 1
                    if len(report.duplicates) < _MOST_EXAMPLES:
                        report.duplicates.append(
                            printable(f"{record.position} repeats {seen[record.url]}: {record.url}")
                        )
                else:
                    seen[record.url] = record.position
                    yield record, stored.get(record.url)

    def _encode(self, batch: Sequence[Reading], options: IngestOptions) -> list[PictureWrite]:
        """What must be written for a batch, with the embeddings of its pictures and captions."""
        pixels = [reading.pixels for reading in batch if reading.pixels is not None]
        embeddings = iter(self._encoder.encode_pixels(np.stack(pixels)) if pixels else ())
        changes = [reading for reading in batch if reading.facts is not None]
        texts = list(dict.fromkeys(text for reading in changes for text in reading.captions_to_encode))
        vectors = dict(zip(texts, self._encoder.encode_texts(texts), strict=True)) if texts else {}
        writes = []
        for reading in changes:
            assert reading.facts is not None
            stored = reading.stored_captions
            known, wanted = {caption.body for caption in stored}, set(reading.wanted_captions)
            writes.append(
                PictureWrite(
                    facts=reading.facts,
                    content_changed=reading.content_changed,
                    image_id=reading.described_image,
                    embedding=None if reading.pixels is None else next(embeddings),
                    new_captions=[
                        (
                            body,
                            caption_language(body, default=options.language),
                            # Another picture of the batch may have the same caption; a failed one has to wait.
                            vectors[body] if reading.problem is None else None,
                        )
                        for body in reading.wanted_captions
                        if body not in known
                    ],
                    caption_embeddings=[
                        (caption.caption_id, vectors[caption.body])
                        for caption in stored
                        if caption.body in wanted and not caption.is_embedded and reading.problem is None
                    ],
                    removed_captions=[caption.caption_id for caption in stored if caption.body not in wanted],
                )
            )
        return writes

    def _write(self, connection: Driver, writes: Sequence[PictureWrite], collection: str) -> None:
        pictures.write_pictures(connection, writes, collection=collection, model=self._model)

    def _finish(self, report: IngestReport, collection: str, on_index: Callable[[int], None]) -> None:
        """Build the indexes after the first bulk load; bring statistics and the collection's sample up to date."""
        for table in EMBEDDING_TABLES:
            indexes.ensure_index(self._engine, self._model, table=table, on_build=on_index)
        if report.outcomes[Outcome.ADDED] + report.outcomes[Outcome.UPDATED]:
            pictures.analyze(self._engine, self._model)
        backgrounds.refresh(self._engine, self._model, collections=[collection])


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
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


def _batches_of_work(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Runs of readings with WRITE_BATCH changes each, so that the model's batches are full."""
    batch: list[Reading] = []
    changes = 0
    for reading in readings:
        batch.append(reading)
        changes += reading.facts is not None
        if changes == WRITE_BATCH or len(batch) == 16 * WRITE_BATCH:
            yield batch
            batch, changes = [], 0
    if batch:
        yield batch


def _settle(batch: Iterable[Reading], report: IngestReport, on_outcome: Callable[[Outcome], None]) -> None:
    """Count a batch that is safely stored."""
    for reading in batch:
        report.outcomes[reading.outcome] += 1
        if reading.problem is not None and len(report.failures) < _MOST_EXAMPLES:
            report.failures.append(
                printable(f"{reading.record.file or reading.record.url}: {reading.problem}")
            )
        on_outcome(reading.outcome)
