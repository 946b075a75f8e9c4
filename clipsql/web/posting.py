"""Post what others asked to hear of, at the very address that was checked, as pictures are downloaded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.connecting import Connector
from clipsql.web.receiving import parse_url
from clipsql.web.resolving import Lookup, Resolver

USELESS = (FailureClass.PRIVATE_ADDRESS, FailureClass.BAD_URL)
"""Failures that lie in what was asked for."""


class Poster:
    """Sends POST requests within the event loop that made it; `lookup` and `tls` as in `Downloader`."""

    def __init__(
        self,
        *,
        timeout_s: float,
        allow_private_hosts: bool,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._resolver = Resolver(lookup)
        self._connector = Connector(self._resolver, allow_private_hosts=allow_private_hosts)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or httpx2.create_ssl_context(), network_backend=_Backend(self._connector)
        )

    async def check(self, url: str) -> None:
        """Raise DownloadError for what is no address, or one that nobody may go to; a host may be unknown for now."""
        try:
            await self._connector.allowed_addresses(parse_url(url).host)
        except DownloadError as error:
            if error.failure in USELESS:
                raise

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        """Return once the receiver has taken it, with an HTTP status of 2xx. Raises DownloadError.

        No redirect is followed: what is said there is for the receiver that was named.
        """
        target = parse_url(url)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._pool.stream(
                    "POST",
                    str(target),
                    headers=[(b"host", target.netloc)]
                    + [(name.encode(), value.encode()) for name, value in headers.items()],
                    content=body,
                    extensions={"timeout": dict.fromkeys(("connect", "read", "write"), self._timeout_s)},
                ) as response,
            ):
                status = response.status
        except (httpcore2.TimeoutException, TimeoutError) as error:
            raise DownloadError(
                f"the host {target.host} took longer than {self._timeout_s:g} s", failure=FailureClass.TIMEOUT
            ) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise DownloadError(
                f"the host {target.host} hung up ({error or 'it said nothing'})",
                failure=FailureClass.DISCONNECTED,
            ) from error
        if not 200 <= status < 300:
            raise DownloadError(
                f"the host {target.host} answers HTTP {status}",
                failure=FailureClass.SERVER_ERROR if status >= 500 else FailureClass.HTTP_ERROR,
            )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()
        await self._resolver.aclose()


class _Backend(httpcore2.AsyncNetworkBackend):
    """Has a pool connect by way of a Connector."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        assert timeout is not None
        return await self._connector.connect(host, port, timeout_s=timeout)
