"""Find the addresses of host names: thousands at a time, without ever stalling on dead ones."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import aiodns

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.addresses import literal_address

Lookup: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Host name -> its addresses, best first. Raises OSError when it has none or nobody answers."""

_REMEMBERED_HOSTS = 10_000
_REMEMBERED_S = 60.0

# A first answer is waited for about as long as the server usually takes; each further try doubles that.
_DNS_TIMEOUT_S = 3.0
_DNS_TRIES = 4


class Resolver:
    """Looks names up by `lookup`, by default in the hosts file and DNS; remembers answers for a minute."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._dns = None if lookup else aiodns.DNSResolver(timeout=_DNS_TIMEOUT_S, tries=_DNS_TRIES)
        self._lookup = lookup or self._ask
        self._answers: OrderedDict[str, tuple[float, asyncio.Task[tuple[str, ...]]]] = OrderedDict()

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of the host, at least one. Raises DownloadError."""
        literal = literal_address(host)
        if literal is not None:
            return (literal,)
        now = asyncio.get_running_loop().time()
        known = self._answers.get(host)
        if known is None or known[0] < now:
            # A task of its own: it answers all who ask meanwhile, also when the first of them gives up.
            known = (now + _REMEMBERED_S, asyncio.create_task(self._resolve(host)))
            self._answers[host] = known
            self._answers.move_to_end(host)
            if len(self._answers) > _REMEMBERED_HOSTS:
                self._answers.popitem(last=False)
        answer = await asyncio.shield(known[1])
        if not answer:
            raise DownloadError(
                f"the host {host} is not known by name (DNS); check its name and this machine's network",
                failure=FailureClass.DNS,
            )
        return answer

    async def aclose(self) -> None:
        """End what is being looked up."""
        for _, task in self._answers.values():
            task.cancel()
        if self._dns is not None:
            await self._dns.close()

    async def _resolve(self, host: str) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(await self._lookup(host)))
        except OSError:
            return ()

    async def _ask(self, host: str) -> Sequence[str]:
        assert self._dns is not None
        try:
            answer = await self._dns.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except (aiodns.error.DNSError, UnicodeError) as error:
            raise OSError(str(error)) from error
        return [node.addr[0].decode() for node in answer.nodes]
