"""Download pictures from the open web: many at once, politely, and never from inside the own network."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from clipsql.extras import require_extra
from clipsql.web.downloads import Download, DownloadOptions

if TYPE_CHECKING:
    from clipsql.web.fetching import Fetcher
    from clipsql.web.resolving import Lookup

__all__ = ["Download", "DownloadOptions", "Downloader"]

T = TypeVar("T")


class Downloader:
    """Downloads pictures on an event loop of its own; any thread may ask, within `with Downloader() as web:`.

    The loop starts with the first download: whoever meets local pictures only needs neither it nor the extra `web`.
    `lookup` finds the addresses of host names, by default in DNS; `tls` says whom to trust, by default those
    whom the system trusts.
    """

    def __init__(
        self,
        options: DownloadOptions | None = None,
        *,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._options = options or DownloadOptions()
        self._lookup = lookup
        self._tls = tls
        self._starting = threading.Lock()
        self._fetcher: Fetcher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fetcher is None:
            return
        self._run(self._fetcher.aclose()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, url: str) -> Future[Download]:
        """What the URL gives, later; the future raises DownloadError, and is cancelled when the downloader closes.

        Never blocks: callers bound how many they have under way. Raises ConfigurationError without the extra `web`.
        """
        with self._starting:
            fetcher = self._fetcher or self._start()
        return self._run(fetcher.fetch(url))

    def fetch(self, url: str) -> Download:
        """What the URL gives, now. Raises DownloadError."""
        return self.submit(url).result()

    def _start(self) -> Fetcher:
        require_extra("web", "Downloading pictures")
        from clipsql.web.fetching import Fetcher

        async def open_here() -> Fetcher:
            return Fetcher(self._options, lookup=self._lookup, tls=self._tls)

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="downloads", daemon=True)
        self._thread.start()
        self._fetcher = self._run(open_here()).result()
        return self._fetcher

    def _run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
