"""The rival of clipsql's own HTTP/1.1: the same downloader, with aiohttp in the place of its connections and parser."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore2
import httpx2

try:
    import aiohttp
    import yarl
    from aiohttp.abc import AbstractResolver, ResolveResult
except ImportError as error:
    raise SystemExit("The contender needs aiohttp; run: pip install aiohttp") from error

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.addresses import is_public
from clipsql.web.connecting import Connector
from clipsql.web.connections import Exchange, Headers
from clipsql.web.resolving import Resolver


class _Checked(AbstractResolver):
    """Our resolver with its check of addresses, as aiohttp wants one."""

    def __init__(self, resolver: Resolver, *, allow_private_hosts: bool) -> None:
        self._resolver = resolver
        self._allow_private_hosts = allow_private_hosts

    async def check(self, host: str) -> tuple[str, ...]:
        addresses = await self._resolver.addresses(host)
        if not self._allow_private_hosts and not all(map(is_public, addresses)):
            raise DownloadError(f"the host {host} is private", failure=FailureClass.PRIVATE_ADDRESS)
        return addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        del family
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in await self.check(host)
        ]

    async def close(self) -> None:
        """The resolver is the downloader's."""


class AiohttpConnections:
    """What `clipsql.web.connections.Connections` is to the downloader: a session of aiohttp for each host."""

    def __init__(self, connector: Connector, tls: ssl.SSLContext) -> None:
        self._resolver = _Checked(connector._resolver, allow_private_hosts=connector._allow_private_hosts)
        self._is_literal_checked = False
        self._session = aiohttp.ClientSession(
            # How many connections there may be is bounded by the downloader, as for our own.
            connector=aiohttp.TCPConnector(resolver=self._resolver, ssl=tls, limit=0, use_dns_cache=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )

    @asynccontextmanager
    async def get(self, url: httpx2.URL, headers: Headers, *, timeout_s: float) -> AsyncIterator[Exchange]:
        """As `Connections.get`, over HTTP/1.1."""
        if not self._is_literal_checked:  # aiohttp asks no resolver for an address that is written out
            await self._resolver.check(url.host)
            self._is_literal_checked = True
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
        told = {name.decode(): value.decode() for name, value in headers if name != b"host"}
        try:
            async with self._session.get(
                yarl.URL(str(url), encoded=True), headers=told, allow_redirects=False, timeout=timeout
            ) as response:
                yield Exchange(response.status, list(response.raw_headers), response.content.iter_any())
        except TimeoutError as error:  # aiohttp's are of this kind
            raise httpcore2.ReadTimeout from error
        except aiohttp.ClientConnectorError as error:
            raise DownloadError(str(error), failure=FailureClass.REFUSED) from error
        except aiohttp.ClientError as error:
            raise httpcore2.RemoteProtocolError(str(error)) from error

    async def aclose(self) -> None:
        """Close the host's connections."""
        await self._session.close()
