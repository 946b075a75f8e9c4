"""Ingest a source of pictures: read, decode, encode and write what is new or changed, and nothing else."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing

from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow
from clipsql.db.pictures import writing
from clipsql.db.pictures.leases import Scope
from clipsql.db.pictures.lookups import listed_pictures, stored_pictures
from clipsql.db.pictures.records import StoredPicture
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.encoding import Encoder
from clipsql.ingest.claims import Claims, new_lease, pictures_ahead
from clipsql.ingest.finishing import finish
from clipsql.ingest.pipeline import WRITE_BATCH, Pipeline, threads
from clipsql.ingest.reading import queue_picture, read_picture
from clipsql.ingest.readings import IngestOptions, Outcome, Reading, printable
from clipsql.ingest.reports import IngestReport, Problem
from clipsql.ingest.sightings import Sightings
from clipsql.ingest.videos import Videos
from clipsql.picture import PictureRecord, UnusableRow, file_of
from clipsql.sources import Source
from clipsql.web.downloading import Downloader, DownloadOptions

__all__ = ["Indexer", "IngestOptions", "IngestReport", "Outcome"]

_LOOK_UP_BATCH = 256
_CONTENT_HELD = 2**25


class Indexer:
    """Writes pictures of a source, their captions and their embeddings under one model into the database.

    Without an encoder it only validates pictures or puts them into the queue.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder | None,
        model: ModelRow | None,
        *,
        downloads: DownloadOptions | None = None,
    ) -> None:
        self.engine = engine
        self.encoder = encoder
        self.model = model
        self.downloads = downloads or DownloadOptions()

    def ingest(
        self,
        source: Source,
        options: IngestOptions,
        *,
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
        on_problem: Callable[[Problem], None] = lambda _problem: None,
    ) -> IngestReport:
        """Bring the collection up to date with the source and return what was done.

        Pictures on the web are put into the queue, which this process then works on, beside any workers, until
        nothing of the collection is pending. Each batch is one transaction: after a crash or Ctrl-C a rerun
        continues where the last one stopped. `on_outcome` is told of every record once it is safely stored,
        `on_problem` of every picture that fails and every row that is left out.
        Raises SourceError when the source breaks off; what came before is kept.
        """
        report = IngestReport(on_problem=on_problem)
        started = time.monotonic()
        with (
            closing(Sightings()) as sightings,
            database_errors(self.engine),
            writing.only_ingest(self.engine, options.collection),
            autocommit_connection(self.engine) as lookups,
            autocommit_connection(self.engine) as writes,
        ):
            report.position_of = sightings.position
            with ExitStack() as stack:
                # Beside this thread, which keeps the model busy, pictures are decoded and the last batch is written.
                readers = stack.enter_context(threads(max(source.readers, os.cpu_count() or 1)))
                run = _Run(self, options, report, sightings, lookups, readers, stack)

                def settled(reading: Reading) -> None:
                    run.settled(reading)
                    on_outcome(reading.outcome)

                run.pipeline.run(
                    run.readings(source, on_outcome),
                    lookups=lookups,
                    writes=writes,
                    report=report,
                    on_settled=settled,
                )
            if options.find_gone:
                listed = listed_pictures(lookups, collection=options.collection, begins=source.begins)
                report.gone = [
                    image_id
                    for image_id, url in listed
                    if not sightings.has(url) and (source.begins is None or not _is_there(url))
                ]
            finish(self.engine, self.model, report, collection=options.collection, encoder=self.encoder)
        report.seconds = time.monotonic() - started
        return report


class _Run:
    """One ingest under way: its records, its part of the queue."""

    def __init__(
        self,
        indexer: Indexer,
        options: IngestOptions,
        report: IngestReport,
        sightings: Sightings,
        lookups: Driver,
        readers: ThreadPoolExecutor,
        stack: ExitStack,
    ) -> None:
        self._indexer = indexer
        self._options = options
        self._report = report
        self._sightings = sightings
        self._lookups = lookups
        self._readers = readers
        self._stack = stack
        self._lease = new_lease()
        self._claims: Claims | None = None
        self.pipeline = Pipeline(
            encoder=indexer.encoder,
            model=indexer.model,
            lease=self._lease,
            collection=options.collection,
            language=options.language,
        )

    def settled(self, reading: Reading) -> None:
        """Let go of a picture that is safely stored."""
        if self._claims is not None:
            self._claims.settled(reading)

    def readings(self, source: Source, on_outcome: Callable[[Outcome], None]) -> Iterator[Reading | None]:
        """Local pictures in source order, read two batches ahead; beside them what the queue gives, as it comes."""
        ahead: deque[Future[Reading]] = deque()
        for chunk in self._look_up(source):
            waiting: list[Reading] = []
            for picture, stored in chunk:
                if self._is_for_the_queue(picture):
                    reading = queue_picture(picture, stored, options=self._options)
                    if reading.outcome is Outcome.QUEUED:
                        waiting.append(reading)
                    else:
                        yield reading
                    continue
                assert self._indexer.encoder is not None
                ahead.append(
                    self._readers.submit(
                        read_picture, picture, stored, encoder=self._indexer.encoder, options=self._options
                    )
                )
                if len(ahead) == 2 * WRITE_BATCH:
                    yield ahead.popleft().result()
            if waiting:
                self._enqueue(waiting, on_outcome)
            if self._claims is not None:
                yield from self._claims.ready()
        while ahead:
            yield ahead.popleft().result()
        if self._claims is not None:
            yield from self._claims.stream()

    def _look_up(self, source: Source) -> Iterator[list[tuple[PictureRecord, StoredPicture | None]]]:
        """Pictures with what is stored of them; unusable rows, and those whose URL came before, are only reported."""
        for chunk in _chunks(self._usable(source)):
            sightings = [(picture.url, printable(picture.position)) for picture in chunk]
            seen = self._sightings.first_positions(sightings)
            stored = stored_pictures(
                self._lookups,
                collection=self._options.collection,
                urls=[picture.url for picture in chunk],
                model=self._indexer.model,
            )
            fresh = []
            for picture in chunk:
                if picture.url in seen:
                    self._report.repeated(picture.position, seen[picture.url], picture.url)
                else:
                    seen[picture.url] = picture.position
                    fresh.append((picture, stored.get(picture.url)))
            yield fresh

    def _usable(self, source: Source) -> Iterator[PictureRecord]:
        videos = Videos(self._lookups, self._indexer.model, self._options, self._sightings.spare)
        for row in videos.unfolded(source):
            if isinstance(row, UnusableRow):
                self._report.unusable(row)
                if self._options.find_gone and row.url is not None:
                    self._sightings.spare(row.url)
            else:
                yield row

    def _is_for_the_queue(self, picture: PictureRecord) -> bool:
        return picture.file is None or self._options.enqueue_only or self._options.validate_only

    def _enqueue(self, waiting: list[Reading], on_outcome: Callable[[Outcome], None]) -> None:
        """Put pictures into the queue, where workers see them at once."""
        ready = self.pipeline.encode(waiting, self._lookups)
        written = self.pipeline.write(self._lookups, ready)
        self.pipeline.settle(written, self._report, lambda reading: on_outcome(reading.outcome))
        if self._claims is None and not self._options.enqueue_only:
            self._claims = self._stack.enter_context(self._open_claims())

    def _open_claims(self) -> Claims:
        indexer, options = self._indexer, self._options
        return Claims(
            indexer.engine,
            self._lookups,
            Scope(
                model=indexer.model,
                collection=options.collection,
                only_unchecked=options.validate_only,
            ),
            self._lease,
            encoder=indexer.encoder,
            options=options,
            downloader=self._stack.enter_context(Downloader(indexer.downloads)),
            readers=self._readers,
            ahead=pictures_ahead(indexer.downloads),
        )


def _chunks(pictures: Iterator[PictureRecord]) -> Iterator[list[PictureRecord]]:
    """As many pictures as are looked up at once, or as fit into memory where they bring their bytes."""
    chunk: list[PictureRecord] = []
    held = 0
    for picture in pictures:
        chunk.append(picture)
        held += len(picture.content or b"")
        if len(chunk) == _LOOK_UP_BATCH or held > _CONTENT_HELD:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _is_there(url: str) -> bool:
    """Whether a file is there, or an archive that may hold it: a folder does not tell of all that lies in it."""
    path = file_of(url)
    try:
        return path is not None and any(one.is_file() for one in (path, *path.parents))
    except OSError:  # who may not look cannot say that it is gone
        return True
