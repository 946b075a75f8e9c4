"""Honour what hosts ask of programs: robots.txt, and the X-Robots-Tag of each answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

import httpx2
from protego import Protego

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.downloads import PRODUCT

MAX_ROBOTS_BYTES = 500 * 1024
"""What follows in a longer robots.txt is not read: RFC 9309 asks for at least so much."""

_MOST_HOSTS = 10_000
_MOST_BYTES = 4 * 2**20
_FAILURE_REMEMBERED_S = 15.0
_UNWANTED = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives with a value; any other name before a colon is the program that a rule is said to."""


class RobotRules:
    """The robots.txt of hosts, each fetched once by `fetch`, which gives None where there is none."""

    def __init__(self, fetch: Callable[[httpx2.URL], Awaitable[bytes | None]]) -> None:
        self._fetch = fetch
        self._rules: OrderedDict[str, asyncio.Task[tuple[Protego | None, int]]] = OrderedDict()
        self._bytes = 0

    async def check(self, url: httpx2.URL) -> None:
        """Raise DownloadError when robots.txt asks us to stay away from the URL, or cannot be had now."""
        origin = f"{url.scheme}://{url.netloc.decode()}"
        task = self._rules.get(origin)
        if task is None:
            task = self._rules[origin] = asyncio.create_task(self._read(url.join("/robots.txt")))
            task.add_done_callback(lambda done: self._remember(origin, done))
        self._rules.move_to_end(origin)
        rules, _ = task.result() if task.done() else await asyncio.shield(task)
        if rules is not None and not rules.can_fetch(str(url), PRODUCT):
            raise DownloadError(
                f"the robots.txt of {url.host} asks programs to stay away from this picture; "
                "ask its owner, or pass --ignore-robots",
                failure=FailureClass.ROBOTS,
            )

    def aclose(self) -> None:
        """End what is being fetched."""
        for task in self._rules.values():
            task.cancel()

    async def _read(self, url: httpx2.URL) -> tuple[Protego | None, int]:
        data = await self._fetch(url)
        if not data:
            return None, 0
        # Half a megabyte takes a quarter of a second to parse.
        return await asyncio.to_thread(Protego.parse, data.decode("utf-8", "replace")), len(data)

    def _remember(self, origin: str, task: asyncio.Task[tuple[Protego | None, int]]) -> None:
        if task.cancelled() or task.exception() is not None:
            # A dead host is not asked again for each of its pictures; a living one soon is.
            asyncio.get_running_loop().call_later(_FAILURE_REMEMBERED_S, self._forget, origin, task)
            return
        if self._rules.get(origin) is task:
            self._bytes += task.result()[1]
        while len(self._rules) > _MOST_HOSTS or self._bytes > _MOST_BYTES:
            self._forget(*next(iter(self._rules.items())))

    def _forget(self, origin: str, task: asyncio.Task[tuple[Protego | None, int]]) -> None:
        if self._rules.get(origin) is task:
            del self._rules[origin]
            if task.done() and not task.cancelled() and task.exception() is None:
                self._bytes -= task.result()[1]


def check_header(values: Iterable[str]) -> None:
    """Raise DownloadError when an X-Robots-Tag is against a use like ours: search and models."""
    for value in values:
        addressed = PRODUCT
        for part in value.lower().split(","):
            name, colon, rest = part.partition(":")
            if colon and name.strip() not in _VALUED:
                addressed, part = name.strip(), rest
            if addressed == PRODUCT and part.strip() in _UNWANTED:
                raise DownloadError(
                    f'the picture came with "X-Robots-Tag: {part.strip()}"; '
                    "ask its owner, or pass --ignore-robots",
                    failure=FailureClass.NOAI,
                )
