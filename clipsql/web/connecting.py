"""Connect to hosts of the public internet only, at the very address that was checked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, Self, SupportsIndex

import httpcore2

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.addresses import is_public
from clipsql.web.resolving import Resolver

_MOST_ADDRESSES = 4
"""Of a host with more addresses the first few are tried."""


class Connector:
    """Opens connections: names are resolved here, and every address is checked before any packet.

    The name stays what TLS and the Host header are about; the address that was checked is the one connected
    to, so a name that means something else a moment later leads nowhere.
    """

    def __init__(self, resolver: Resolver, *, allow_private_hosts: bool) -> None:
        self._resolver = resolver
        self._allow_private_hosts = allow_private_hosts

    async def allowed_addresses(self, host: str) -> Sequence[str]:
        """Where a host is. Raises DownloadError when nobody knows it, or it lies where nobody may go."""
        addresses = await self._resolver.addresses(host)
        private = next((each for each in addresses if not is_public(each)), None)
        if private is not None and not self._allow_private_hosts:
            raise DownloadError(
                f"the host {host} is at {private}, inside a private network or this machine; "
                "--allow-private-hosts lets clipsql go there",
                failure=FailureClass.PRIVATE_ADDRESS,
            )
        return addresses

    async def connect(self, host: str, port: int, *, timeout_s: float) -> httpcore2.AsyncNetworkStream:
        """A TCP connection; an error of httpcore's says that it took too long. Raises DownloadError."""
        addresses = await self.allowed_addresses(host)
        addresses = addresses[:_MOST_ADDRESSES]
        last: OSError | None = None
        for address in addresses:
            try:
                async with asyncio.timeout(timeout_s / len(addresses)):
                    return await _Stream.connect(address, port)
            except OSError as error:  # time-outs are among them
                last = error
        if isinstance(last, TimeoutError):
            raise httpcore2.ConnectTimeout from last
        reason = (last.strerror if last else None) or str(last)
        raise DownloadError(
            f"the host {host} cannot be reached ({reason}); try again later", failure=FailureClass.REFUSED
        ) from last


class _Reader(asyncio.StreamReader):
    """Knows how many bytes have come that nobody has read."""

    unread = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        assert isinstance(data, bytes | bytearray | memoryview)
        self.unread += len(data)
        super().feed_data(data)

    async def read(self, n: int = -1) -> bytes:
        data = await super().read(n)
        self.unread -= len(data)
        return data


class _Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, address: str, port: int) -> Self:
        loop = asyncio.get_running_loop()
        reader = _Reader()
        transport, protocol = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), address, port
        )
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:  # the body of a GET request
            return
        try:
            self._writer.write(buffer)
            if not self._writer.transport.get_write_buffer_size():
                return  # usually all of it has gone at once
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore2.WriteTimeout from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    async def aclose(self) -> None:
        # At once: saying goodbye over TLS could take as long as the other side likes.
        self._writer.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Self:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout from error
        except OSError as error:  # ssl.SSLError is one, and so is a connection that breaks meanwhile
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
            raise DownloadError(
                f"the host {server_hostname} offers no trusted encryption ({reason or 'it hung up'}); "
                "check its certificate",
                failure=FailureClass.TLS,
            ) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked of an idle connection: has the other side hung up, or more to say?
            return self._reader.unread > 0 or self._reader.at_eof() or self._writer.is_closing()
        return self._writer.get_extra_info(info)
