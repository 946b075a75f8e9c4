"""Speak HTTP/1.1 over one connection: llhttp, the parser of Node.js, reads what the host says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpcore2
import httptools

_READ_BYTES = 256 * 1024
_MOST_HEAD_BYTES = 64 * 1024


class Http1Connection:
    """An open connection, for one request after the other.

    httpcore's own pool and connection, which reads by h11, are Python throughout: with them a download took twice the
    CPU (0.85 against 0.42 ms, benchmarks/download.py). aiohttp reads by llhttp too, and does more around it: 0.92
    against 0.65 ms for pictures of 13 kB, 1.31 against 1.07 ms for those of 157 kB. Errors are httpcore's.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._is_complete = True
        self._is_kept_open = True

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow: the last answer is read, and the host still listens."""
        return self._is_complete and self._is_kept_open and not self._stream.get_extra_info("is_readable")

    async def ask(
        self, target: bytes, headers: list[tuple[bytes, bytes]], *, timeout_s: float
    ) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send a GET request; returns status and headers of the answer, whose `body` must be read next."""
        self._parser = httptools.HttpResponseParser(self)
        # Some hosts end their lines so; no proxy stands between that could be led astray.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._has_head = self._is_complete = False
        lines = [b"GET %s HTTP/1.1" % target, *(b"%s: %s" % header for header in headers), b"", b""]
        await self._stream.write(b"\r\n".join(lines), timeout_s)
        received = 0
        while not self._has_head:
            received += await self._receive(timeout_s)
            if received > _MOST_HEAD_BYTES and not self._has_head:
                raise httpcore2.RemoteProtocolError("headers without end")
        return self._status, self._headers

    async def body(self, *, timeout_s: float) -> AsyncIterator[bytes]:
        """The body in pieces, as sent."""
        while True:
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
            if self._is_complete:
                return
            await self._receive(timeout_s)

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()

    async def _receive(self, timeout_s: float) -> int:
        data = await self._stream.read(_READ_BYTES, timeout_s)
        if not data:
            self._hung_up()
            return 0
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._is_kept_open = False
            if not self._is_complete:  # what follows a whole answer is nobody's business
                raise httpcore2.RemoteProtocolError(str(error)) from error
        return len(data)

    def _hung_up(self) -> None:
        told = {name.lower(): value.lower() for name, value in self._headers}
        is_chunked = told.get(b"transfer-encoding", b"").endswith(b"chunked")
        if not self._has_head or b"content-length" in told or is_chunked:
            raise httpcore2.RemoteProtocolError("it hung up")
        # Without any length, that is how a body ends.
        self._is_complete = True
        self._is_kept_open = False

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Another answer begins: after an interim one, or one that nobody asked for."""
        self._is_kept_open = not self._is_complete
        if not self._has_head:
            self._headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or after the body a trailer, which is left out."""
        if not self._has_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of an answer is read; of an interim one (1xx) nothing more comes."""
        if not self._has_head:
            self._status = self._parser.get_status_code()
            self._has_head = self._status >= 200

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if not self._is_complete:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is whole, if it is no interim one."""
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._is_kept_open = self._parser.should_keep_alive()
