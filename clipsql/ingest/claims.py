"""Take pictures from the queue ahead of the encoder: lease, download and decode them, and hold them until written."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.db.pictures import queue
from clipsql.db.pictures.leases import Lease, Scope
from clipsql.db.pictures.records import StoredPicture
from clipsql.db.statements import Driver, autocommit_connection
from clipsql.encoding import Encoder
from clipsql.errors import FailureClass, ImageError
from clipsql.ingest.local_files import kept_content, memory_for_kept
from clipsql.ingest.pipeline import WRITE_BATCH
from clipsql.ingest.reading import needs_content, read_claimed
from clipsql.ingest.readings import Reading, ReadOptions
from clipsql.web.downloading import Download, Downloader, DownloadOptions

_CLAIM = 64
"""Pictures leased by one statement."""

_SILENCE_S = 0.2
"""When nothing arrives for so long, what is there is written without waiting for a full batch."""

POLL_S = 2.0
"""How often an idle worker looks for new pictures, and for those whose holder died."""


LEASE_S = 60.0
"""A dead worker's pictures are free again after this time; a living one renews its leases four times in it."""


def new_lease(*, seconds: float = LEASE_S) -> Lease:
    """A lease whose holder nobody else is, another process with this one's number after a restart included."""
    return Lease(worker=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}", seconds=seconds)


def pictures_ahead(downloads: DownloadOptions) -> int:
    """Pictures in hand at once: enough that slow hosts do not starve the encoder, few enough for the memory."""
    return max(4 * WRITE_BATCH, 2 * downloads.concurrency)


class Claims:
    """Leased pictures on their way from the queue to the encoder; leases are renewed until they are settled.

    Leaving the `with` block gives back what is not settled.
    """

    def __init__(
        self,
        engine: Engine,
        connection: Driver,
        scope: Scope,
        lease: Lease,
        *,
        encoder: Encoder | None,
        options: ReadOptions,
        downloader: Downloader,
        readers: ThreadPoolExecutor,
        ahead: int,
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._scope = scope
        self._lease = lease
        self._encoder = encoder
        self._options = options
        self._downloader = downloader
        self._readers = readers
        self._ahead = ahead
        self._held: set[int] = set()
        self._downloads: dict[int, Future[Download]] = {}
        # Errors and what is fresh go before what got ready earlier; for each there is one word in `_arrived`.
        self._first: deque[Reading | BaseException] = deque()
        self._others: deque[Reading | BaseException] = deque()
        self._arrived: SimpleQueue[None] = SimpleQueue()
        self._unread = 0
        self._next_claim = 0.0
        self._next_fresh = 0.0
        self._is_closed = threading.Event()
        self._is_stopping = False
        self._holds_suspects = False
        self._renewer = threading.Thread(target=self._renew, name="clipsql leases", daemon=True)

    def __enter__(self) -> Self:
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        for download in list(self._downloads.values()):
            download.cancel()
        self._renewer.join()
        # Where there is no connection any more, leases run out by themselves. On one of its own: a signal cancels what
        # runs on the other, and may do so a moment late.
        with (
            suppress(psycopg.Error, sa.exc.SQLAlchemyError),
            autocommit_connection(self._engine) as connection,
        ):
            queue.give_back(connection, self._held, self._lease)

    def stop(self) -> None:
        """Lease no more, give back what is not downloaded yet, and let `stream` end after the rest."""
        self._is_stopping = True

    def settled(self, reading: Reading) -> None:
        """Hold this picture no longer: it is written, or another worker has it."""
        if reading.is_claimed and reading.stored is not None:
            self._held.discard(reading.stored.image_id)

    def ready(self) -> Iterator[Reading]:
        """Lease of what was just queued, if there is room, and give what can be had without waiting."""
        self._next_claim = 0.0
        self._claim()
        while reading := self._take(timeout_s=0):
            yield reading

    def stream(self) -> Iterator[Reading | None]:
        """Readings as they get ready, None when nothing does for a while; ends when stopped, or nothing is pending."""
        while True:
            if self._is_stopping:
                self._give_back_downloads()
            else:
                self._claim()
            reading = self._take(timeout_s=_SILENCE_S if self._unread else 0)
            if reading is not None:
                yield reading
                continue
            yield None
            if self._unread or self._held:
                continue  # what is held was just asked to be written
            if self._is_stopping or queue.is_empty(self._connection, self._scope):
                return
            time.sleep(_SILENCE_S)

    def _claim(self) -> None:
        """Lease and begin to fetch as many pictures as there is room for."""
        if self._holds_suspects and self._held:
            return
        self._holds_suspects = False
        # Beyond what is in hand, that nobody who just wrote a row waits for a backfill.
        if self._ahead < self._unread + _CLAIM <= 2 * self._ahead and time.monotonic() >= self._next_fresh:
            self._next_fresh = time.monotonic() + _SILENCE_S
            fresh = queue.claim(self._connection, self._scope, self._lease, limit=_CLAIM, only_fresh=True)
            for stored in self._hold(fresh):
                self._begin(stored)
        while self._unread + _CLAIM <= self._ahead and time.monotonic() >= self._next_claim:
            claimed = queue.claim(self._connection, self._scope, self._lease, limit=_CLAIM)
            for stored in self._hold(claimed):
                self._begin(stored)
            if len(claimed) < _CLAIM:
                if not self._held:
                    self._claim_suspects()
                self._next_claim = time.monotonic() + (_SILENCE_S if self._held else POLL_S)

    def _claim_suspects(self) -> None:
        suspects, are_fatal = queue.claim_suspects(self._connection, self._scope, self._lease)
        self._holds_suspects = bool(suspects)
        for stored in self._hold(suspects):
            if are_fatal:
                self._readers.submit(self._give_up, stored)
            else:
                self._begin(stored)

    def _hold(self, claimed: Sequence[StoredPicture]) -> list[StoredPicture]:
        """Those of the claimed pictures that are not in hand yet: leases run out while a machine sleeps."""
        fresh = [stored for stored in claimed if stored.image_id not in self._held]
        self._held.update(stored.image_id for stored in fresh)
        self._unread += len(fresh)
        return fresh

    def _take(self, *, timeout_s: float) -> Reading | None:
        try:
            self._arrived.get(block=timeout_s > 0, timeout=timeout_s)
        except Empty:
            return None
        read = (self._first or self._others).popleft()
        if isinstance(read, BaseException):
            raise read
        self._unread -= 1
        return read

    def _begin(self, stored: StoredPicture) -> None:
        if needs_content(stored) and stored.picture.local_file is None:
            self._download(stored)
        else:
            self._readers.submit(self._look_here, stored)

    def _look_here(self, stored: StoredPicture) -> None:
        """Read what lies on this machine, or was read before; download the rest."""
        with self._errors_for_the_encoder(), memory_for_kept(stored):
            content: bytes | ImageError | None = None
            if needs_content(stored):
                try:
                    content = kept_content(stored)
                except ImageError as error:
                    content = error
                if content is None:
                    self._download(stored)
                    return
            self._decode(stored, content)

    def _download(self, stored: StoredPicture) -> None:
        download = self._downloader.submit(stored.picture.url)
        self._downloads[stored.image_id] = download
        download.add_done_callback(lambda done: self._downloaded(stored, done))

    def _downloaded(self, stored: StoredPicture, download: Future[Download]) -> None:
        # On the downloader's thread, which must not be kept from downloading.
        self._downloads.pop(stored.image_id, None)
        if not download.cancelled() and not self._is_closed.is_set():
            self._readers.submit(self._decode_download, stored, download)

    def _decode_download(self, stored: StoredPicture, download: Future[Download]) -> None:
        with self._errors_for_the_encoder():
            try:
                content: bytes | ImageError = download.result().data
            except ImageError as error:
                content = error
            self._decode(stored, content)

    def _give_up(self, stored: StoredPicture) -> None:
        with self._errors_for_the_encoder():
            why = "one worker after another died with it in hand; look at the file by other means"
            self._decode(stored, ImageError(why, failure=FailureClass.FATAL))

    def _decode(self, stored: StoredPicture, content: bytes | ImageError | None) -> None:
        reading = read_claimed(stored, content, encoder=self._encoder, options=self._options)
        self._put(reading, self._first if stored.is_fresh else self._others)

    def _put(self, read: Reading | BaseException, place: deque[Reading | BaseException]) -> None:
        place.append(read)
        self._arrived.put(None)

    @contextmanager
    def _errors_for_the_encoder(self) -> Iterator[None]:
        """Raise in the thread that takes the readings what goes wrong in this one; it would wait for ever."""
        try:
            yield
        except BaseException as error:
            self._put(error, self._first)

    def _renew(self) -> None:
        with self._errors_for_the_encoder(), autocommit_connection(self._engine) as connection:
            while not self._is_closed.wait(self._lease.seconds / 4):
                queue.renew(connection, list(self._held), self._lease)

    def _give_back_downloads(self) -> None:
        given = [image_id for image_id, download in list(self._downloads.items()) if download.cancel()]
        if given:
            self._unread -= len(given)
            queue.give_back(self._connection, given, self._lease)
            self._held.difference_update(
                given
            )  # only now: a second signal may have kept them from being given back
