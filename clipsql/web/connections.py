"""Keep the connections to one host open: over HTTP/1.1 one request at a time on each, over HTTP/2 all on one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore2
import httpx2

from clipsql.web.connecting import Connector
from clipsql.web.http1 import Http1Connection

ALPN_PROTOCOLS = ("h2", "http/1.1")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """The head of an answer, and its body still to come."""

    status: int
    headers: Headers
    body: AsyncIterable[bytes]


@dataclass(slots=True)
class _Origin:
    """A host under one scheme and port; what it speaks is known once it was asked."""

    idle: list[Http1Connection] = field(default_factory=list)
    shared: httpcore2.AsyncHTTP2Connection | None = None
    speaks_http1: bool = False
    first_contact: asyncio.Lock = field(default_factory=asyncio.Lock)


class Connections:
    """The connections to one host; how many there may be is for the caller to bound."""

    def __init__(self, connector: Connector, tls: ssl.SSLContext) -> None:
        self._connector = connector
        self._tls = tls
        self._origins: dict[tuple[str, int | None], _Origin] = {}

    @asynccontextmanager
    async def get(self, url: httpx2.URL, headers: Headers, *, timeout_s: float) -> AsyncIterator[Exchange]:
        """What a GET request gives; `timeout_s` is the longest silence. Raises httpcore's errors and DownloadError."""
        key = (url.scheme, url.port)
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = _Origin(speaks_http1=url.scheme == "http")
        connection = await self._connection(origin, url, timeout_s)
        if isinstance(connection, Http1Connection):
            try:
                status, told = await connection.ask(url.raw_path, headers, timeout_s=timeout_s)
                yield Exchange(status, told, connection.body(timeout_s=timeout_s))
            finally:
                if connection.is_reusable:
                    origin.idle.append(connection)
                else:
                    await connection.aclose()
            return
        silence = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        request = httpcore2.Request(
            "GET", _httpcore_url(url), headers=headers, extensions={"timeout": silence}
        )
        try:
            response = await connection.handle_async_request(request)
        except httpcore2.ConnectionNotAvailable as error:
            raise httpcore2.RemoteProtocolError("it wants no more requests on this connection") from error
        try:
            yield Exchange(response.status, response.headers, response.aiter_stream())
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close them all."""
        for origin in self._origins.values():
            for connection in origin.idle:
                await connection.aclose()
            if origin.shared is not None:
                await origin.shared.aclose()
        self._origins.clear()

    async def _connection(
        self, origin: _Origin, url: httpx2.URL, timeout_s: float
    ) -> Http1Connection | httpcore2.AsyncHTTP2Connection:
        while origin.idle:
            connection = origin.idle.pop()
            if connection.is_reusable:
                return connection
            await connection.aclose()
        if not origin.speaks_http1:
            async with origin.first_contact:  # so that all share the one connection that it may lead to
                if origin.shared is not None and not _is_usable(origin.shared):
                    await origin.shared.aclose()
                    origin.shared = None
                if origin.shared is None and not origin.speaks_http1:
                    return await self._open(origin, url, timeout_s)
                if origin.shared is not None:
                    return origin.shared
        return await self._open(origin, url, timeout_s)

    async def _open(
        self, origin: _Origin, url: httpx2.URL, timeout_s: float
    ) -> Http1Connection | httpcore2.AsyncHTTP2Connection:
        host = url.raw_host.decode("ascii")
        is_tls = url.scheme == "https"
        port = url.port or (443 if is_tls else 80)
        stream = await self._connector.connect(host, port, timeout_s=timeout_s)
        if is_tls:
            try:
                stream = await stream.start_tls(self._tls, host, timeout_s)
            except BaseException:  # a cancellation, too
                await stream.aclose()
                raise
            if stream.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
                origin.shared = httpcore2.AsyncHTTP2Connection(_httpcore_url(url).origin, stream)
                return origin.shared
        origin.speaks_http1 = True
        return Http1Connection(stream)


def _is_usable(connection: httpcore2.AsyncHTTP2Connection) -> bool:
    return connection.is_available() and not connection.has_expired()


def _httpcore_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
