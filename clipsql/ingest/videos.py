"""Videos among the pictures of a source: each becomes its frames, those that are stored already without decoding."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from clipsql.db.models import ModelRow
from clipsql.db.pictures.moments import StoredMoment, frames_of, stored_moments
from clipsql.db.statements import Driver
from clipsql.errors import SourceError
from clipsql.ingest.readings import IngestOptions, printable
from clipsql.picture import PictureRecord, UnusableRow
from clipsql.sources.discovery import is_video
from clipsql.sources.video import VideoReading, digest_of, facts_of, record_of

_log = logging.getLogger(__name__)

_FRAMES_AHEAD = 4


class Videos:
    """Takes frames of videos for one ingest into a collection, under one model or none.

    `spare` is told of stored frames that the source still has, though it tells nothing of them.
    """

    def __init__(
        self,
        lookups: Driver,
        model: ModelRow | None,
        options: IngestOptions,
        spare: Callable[[str], None],
    ) -> None:
        self._lookups = lookups
        self._model = model
        self._options = options
        self._spare = spare

    def unfolded(self, rows: Iterable[PictureRecord | UnusableRow]) -> Iterator[PictureRecord | UnusableRow]:
        """The rows of a source, each video replaced by its frames; one that cannot be read is an unusable row."""
        for row in rows:
            if isinstance(row, UnusableRow) or row.file is None or not is_video(row.file):
                yield row
                continue
            try:
                yield from self._frames(row)
            except SourceError as error:
                if self._options.find_gone:  # what cannot be read today is there all the same
                    for url in frames_of(self._lookups, collection=self._options.collection, video=row.url):
                        self._spare(url)
                said = "" if row.position.endswith(row.file.name) else f"{row.position}: "
                yield UnusableRow(row.position, f"{said}{error}", row.url)

    def _frames(self, video: PictureRecord) -> Iterator[PictureRecord]:
        """Stored frames as they are, then what is left of the video, decoded by a thread of its own."""
        assert video.file is not None
        options = self._options
        try:
            digest = digest_of(video.file)
        except OSError as error:
            raise SourceError(
                f"{video.file.name} cannot be read ({error.strerror or error}); check the file."
            ) from error
        stored = stored_moments(
            self._lookups,
            collection=options.collection,
            video=video.url,
            video_sha256=digest,
            sampling=str(options.sampling),
            model=self._model,
        )
        done = _done(stored)
        if done:
            base = facts_of(video, options.timezone)
            for one in stored[:done]:
                yield replace(record_of(base, one.moment), sha256=one.sha256)
        if stored and done == len(stored):
            return
        reading = VideoReading(
            base=video,
            digest=digest,
            sampling=options.sampling,
            from_s=stored[done].moment.from_s if stored else 0.0,
            timezone=options.timezone,
            max_pixels=options.max_pixels,
        )
        yield from _ahead(reading.frames())
        for remark in reading.remarks:
            _log.warning(printable(remark))


def _done(stored: list[StoredMoment]) -> int:
    """How many frames need not be read again: all of a whole video, of a part those before the last."""
    whole = bool(stored) and stored[-1].moment.is_last
    unsettled = next((number for number, one in enumerate(stored) if not one.is_settled), len(stored))
    return unsettled if whole else min(unsettled, max(0, len(stored) - 1))


def _ahead(frames: Generator[PictureRecord]) -> Iterator[PictureRecord]:
    """The same frames, of which a thread decodes the next ones while those before are encoded."""
    with ThreadPoolExecutor(1) as decoder:
        waiting: deque[Future[PictureRecord | None]] = deque()
        try:
            while True:
                while len(waiting) < _FRAMES_AHEAD:
                    waiting.append(decoder.submit(next, frames, None))
                frame = waiting.popleft().result()
                if frame is None:
                    return
                yield frame
        finally:
            decoder.shutdown(cancel_futures=True)
            frames.close()
