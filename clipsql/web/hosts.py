"""Keep to what each host can bear: few connections at a time, and pauses where it asks for them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.connections import Connections


@dataclass(slots=True)
class _Host:
    connections: Connections
    turns: asyncio.Semaphore
    guests: int = 0
    closed_until: float = 0.0
    """Loop time before which the host wants no request."""


class Hosts:
    """Connections to hosts, `per_host` to each and `concurrency` in all; quiet hosts are soon forgotten."""

    def __init__(
        self,
        connect: Callable[[], Connections],
        *,
        concurrency: int,
        per_host: int,
        longest_wait_s: float,
    ) -> None:
        self._connect = connect
        self._turns = asyncio.Semaphore(concurrency)
        self._per_host = per_host
        self._longest_wait_s = longest_wait_s
        self._most_quiet = concurrency // 2  # each may have `per_host` open files
        self._busy: dict[str, _Host] = {}
        self._quiet: OrderedDict[str, _Host] = OrderedDict()

    @asynccontextmanager
    async def visit(self, name: str) -> AsyncIterator[Connections]:
        """The host's connections, when its turn has come. Raises DownloadError when it asked to stay away."""
        host = self._busy.get(name) or self._quiet.pop(name, None)
        if host is None:
            host = _Host(self._connect(), asyncio.Semaphore(self._per_host))
        self._busy[name] = host
        host.guests += 1
        try:
            # First the host's turn, then one of all: those who wait for a slow host keep nobody else waiting.
            async with host.turns:
                await self._wait_until_open(name, host)
                async with self._turns:
                    yield host.connections
        finally:
            host.guests -= 1
            if not host.guests:
                del self._busy[name]
                self._quiet[name] = host
            if len(self._quiet) > self._most_quiet:
                _, forgotten = self._quiet.popitem(last=False)
                await forgotten.connections.aclose()

    def close_for(self, name: str, seconds: float) -> None:
        """Send a host no further request for so long; it has a guest now."""
        host = self._busy[name]
        host.closed_until = max(host.closed_until, asyncio.get_running_loop().time() + seconds)

    async def aclose(self) -> None:
        """Close every connection."""
        for host in (*self._busy.values(), *self._quiet.values()):
            await host.connections.aclose()

    async def _wait_until_open(self, name: str, host: _Host) -> None:
        while (left := host.closed_until - asyncio.get_running_loop().time()) > 0:
            if left > self._longest_wait_s:
                raise DownloadError(
                    f"the host {name} asked to be left alone for {left:,.0f} s; try again after that",
                    failure=FailureClass.RATE_LIMITED,
                    retry_after_s=left,
                )
            await asyncio.sleep(left)
