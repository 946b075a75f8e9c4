"""Fetch one picture on an event loop: redirects, robots.txt, pauses of hosts, further tries."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from clipsql.errors import DownloadError, FailureClass, ImageError, unexpected
from clipsql.images.formats import check_beginning
from clipsql.web import robots
from clipsql.web.connecting import Connector
from clipsql.web.connections import ALPN_PROTOCOLS, Connections
from clipsql.web.downloads import Download, DownloadOptions
from clipsql.web.hosts import Hosts
from clipsql.web.receiving import Answer, get, parse_url
from clipsql.web.resolving import Lookup, Resolver

T = TypeVar("T")


class Fetcher:
    """Fetches pictures within the event loop that made it; `lookup` and `tls` as in `Downloader`."""

    def __init__(
        self, options: DownloadOptions, *, lookup: Lookup | None, tls: ssl.SSLContext | None
    ) -> None:
        self._options = options
        trusted = tls or httpx2.create_ssl_context()
        trusted.set_alpn_protocols(ALPN_PROTOCOLS)
        self._resolver = Resolver(lookup)
        connector = Connector(self._resolver, allow_private_hosts=options.allow_private_hosts)
        self._hosts = Hosts(
            lambda: Connections(connector, trusted),
            concurrency=options.concurrency,
            per_host=options.per_host,
            longest_wait_s=options.longest_wait_s,
        )
        self._robots = robots.RobotRules(self._robots_txt)

    async def aclose(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._hosts.aclose()
        await self._resolver.aclose()

    async def fetch(self, url: str) -> Download:
        """What the URL gives. Raises DownloadError."""
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

        try:
            return await self._follow(parse_url(url), read, obey=obey)
        except DownloadError:
            raise
        except Exception as error:  # whatever a host makes of us, it is this picture's failure alone
            raise DownloadError(unexpected(error), failure=FailureClass.UNEXPECTED) from error

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
                # Outside the time-out, which says that a host is slow: a name that nobody knows is none, however
                # long DNS took to say so. The answer is remembered for the connection.
                await self._resolver.addresses(url.raw_host.decode("ascii"))
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
