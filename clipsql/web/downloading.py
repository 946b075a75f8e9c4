"""Download pictures from the open web: many at once, politely, and never from inside the own network."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from clipsql.errors import DownloadError, FailureClass, ImageError
from clipsql.images.formats import check_beginning
from clipsql.web import robots
from clipsql.web.connecting import Connector
from clipsql.web.connections import ALPN_PROTOCOLS, Connections
from clipsql.web.hosts import Hosts
from clipsql.web.receiving import Answer, get, parse_url
from clipsql.web.resolving import Lookup, Resolver

__all__ = ["Download", "DownloadOptions", "Downloader"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """How to download; the defaults suit lists of many hosts."""

    allow_private_hosts: bool = False
    ignore_robots: bool = False
    concurrency: int = 128
    per_host: int = 8
    timeout_s: float = 30.0
    """For one try, redirects included; waiting for a turn does not count."""
    stall_timeout_s: float = 10.0
    """Longest silence: until a connection stands, and between two pieces of an answer."""
    retries: int = 2
    first_wait_s: float = 1.0
    """Before the second try, and about twice as long before each further one."""
    longest_wait_s: float = 30.0
    """A host that wants a longer pause (Retry-After) is not tried again now."""
    max_bytes: int = 64 * 2**20
    max_redirects: int = 5
    user_agent: str = f"{robots.PRODUCT}/{version('clipsql')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """The bytes that a URL gave; they begin like a picture, but are not decoded yet."""

    url: str
    final_url: str
    """Where redirects led."""
    data: bytes
    etag: str | None = None
    last_modified: str | None = None


class Downloader:
    """Downloads pictures on an event loop of its own; any thread may ask, within `with Downloader() as web:`.

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
        self._tls = tls or httpx2.create_ssl_context()
        self._tls.set_alpn_protocols(ALPN_PROTOCOLS)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="downloads", daemon=True)
        self._thread.start()
        self._run(self._open()).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, url: str) -> Future[Download]:
        """What the URL gives, later; the future raises DownloadError, and is cancelled when the downloader closes.

        Never blocks: callers bound how many they have under way.
        """
        return self._run(self._download(url))

    def fetch(self, url: str) -> Download:
        """What the URL gives, now. Raises DownloadError."""
        return self.submit(url).result()

    def _run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self) -> None:
        options = self._options
        self._resolver = Resolver(self._lookup)
        connector = Connector(self._resolver, allow_private_hosts=options.allow_private_hosts)

        self._hosts = Hosts(
            lambda: Connections(connector, self._tls),
            concurrency=options.concurrency,
            per_host=options.per_host,
            longest_wait_s=options.longest_wait_s,
        )
        self._robots = robots.RobotRules(self._robots_txt)

    async def _close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._hosts.aclose()
        await self._resolver.aclose()

    async def _download(self, url: str) -> Download:
        obey = not self._options.ignore_robots

        async def read(answer: Answer) -> Download:
            answer.check_status()
            if obey:
                robots.check_header(answer.headers.get_list("x-robots-tag"))
            data = await answer.read(max_bytes=self._options.max_bytes, check_beginning=_check_beginning)
            return Download(
                url=url,
                final_url=str(answer.url),
                data=data,
                etag=answer.headers.get("etag"),
                last_modified=answer.headers.get("last-modified"),
            )

        return await self._follow(parse_url(url), read, obey=obey)

    async def _robots_txt(self, url: httpx2.URL) -> bytes | None:
        """The start of a robots.txt, None where there is none: a host that cannot say so now is not asked for more."""

        async def read(answer: Answer) -> bytes | None:
            if answer.status == 429 or answer.status >= 500:
                answer.check_status()
            return await answer.read_start(robots.MAX_ROBOTS_BYTES) if answer.status == 200 else None

        try:
            return await self._follow(url, read, obey=False)
        except DownloadError as error:
            if error.failure.is_passing or error.failure is FailureClass.TLS:
                raise
            return None

    async def _follow(self, url: httpx2.URL, read: Callable[[Answer], Awaitable[T]], *, obey: bool) -> T:
        """What `read` makes of the answer at the end of the URL's redirects, tried again while that may help."""
        try:
            return await self._try(url, read, obey=obey)
        except DownloadError as error:
            failed: DownloadError | None = error

        # Tenacity takes half as long as a whole download does: only what failed meets it, as its first try.
        async def again() -> T:
            nonlocal failed
            if failed is None:
                return await self._try(url, read, obey=obey)
            first, failed = failed, None
            raise first

        tries = AsyncRetrying(
            stop=stop_after_attempt(1 + self._options.retries),
            retry=retry_if_exception(self._may_help),
            wait=self._pause,
            reraise=True,
        )
        return await tries(again)

    async def _try(self, url: httpx2.URL, read: Callable[[Answer], Awaitable[T]], *, obey: bool) -> T:
        options = self._options
        time = asyncio.get_running_loop().time
        left = options.timeout_s
        for _ in range(1 + options.max_redirects):
            if obey:
                await self._robots.check(url)
            async with self._hosts.visit(url.host) as pool:
                started = time()
                try:
                    async with get(
                        pool,
                        url,
                        user_agent=options.user_agent,
                        timeout_s=left,
                        stall_timeout_s=options.stall_timeout_s,
                    ) as answer:
                        redirect = answer.redirect
                        if redirect is None:
                            return await read(answer)
                except DownloadError as error:
                    if error.retry_after_s is not None:
                        self._hosts.close_for(url.host, error.retry_after_s)
                    raise
                url = redirect
                left -= time() - started
        raise DownloadError(
            f"more than {options.max_redirects} redirects, the last to {url.host}; name the picture's own address",
            failure=FailureClass.REDIRECTS,
        )

    def _may_help(self, error: BaseException) -> bool:
        """Whether another try soon may end better; names have been looked up more than once already."""
        return (
            isinstance(error, DownloadError)
            and error.failure.is_passing
            and error.failure is not FailureClass.DNS
            and (error.retry_after_s or 0) <= self._options.longest_wait_s
        )

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, DownloadError) else None
        if asked is not None:
            return asked
        first = self._options.first_wait_s
        return (wait_exponential(first, max=self._options.longest_wait_s) + wait_random(0, first))(state)


def _check_beginning(data: bytes) -> None:
    try:
        check_beginning(data)
    except ImageError as error:
        raise DownloadError(str(error), failure=FailureClass.NOT_AN_IMAGE) from error
