"""Turn one HTTP exchange into the bytes it carried, a redirect, or the class of its failure."""

from __future__ import annotations

import asyncio
import email.utils
import re
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpcore2
import httpx2

from clipsql.errors import DownloadError, FailureClass
from clipsql.web.connections import Connections

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WITH_BODY = frozenset({200, 203, 206})
"""Statuses that come with the thing itself: 203 from a proxy, 206 when it is whole after all."""
_MOST_DIGITS = 15
"""Of a length: more bytes than any host has; int() itself refuses some thousand digits."""
_LONGEST_BELIEVED_S = 86_400.0
"""A host that wants to be left alone for longer than a day means nothing by it."""
_MUCH_TO_SKIP = 16 * 1024
"""A shorter body that nobody wants is read to its end, for the connection's sake."""
_UNPACKED = ("gzip", "x-gzip", "deflate")
_MAGIC_BYTES = 2
_RANGE = re.compile(
    rf"bytes (\d{{1,{_MOST_DIGITS}}})-(\d{{1,{_MOST_DIGITS}}})/(\d{{1,{_MOST_DIGITS}}})", re.ASCII
)
_FAILURES = {
    401: FailureClass.FORBIDDEN,
    402: FailureClass.FORBIDDEN,
    403: FailureClass.FORBIDDEN,
    404: FailureClass.NOT_FOUND,
    410: FailureClass.NOT_FOUND,
    429: FailureClass.RATE_LIMITED,
    451: FailureClass.FORBIDDEN,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an HTTP answer, and its body still to come."""

    url: httpx2.URL
    status: int
    headers: httpx2.Headers
    body: AsyncIterable[bytes]

    @property
    def length(self) -> int | None:
        """Bytes in the body, if the host says so; HTTP/1.1 and HTTP/2 make sure that it tells no lies."""
        declared = self.headers.get("content-length", "")
        is_number = declared.isascii() and declared.isdigit() and len(declared) <= _MOST_DIGITS
        return int(declared) if is_number else None

    @property
    def is_whole(self) -> bool:
        """Whether the body is the thing itself, not a part of it."""
        if self.status != 206:
            return self.status in _WITH_BODY
        told = _RANGE.fullmatch(self.headers.get("content-range", "").strip())
        return told is not None and int(told[1]) == 0 and int(told[2]) + 1 == int(told[3])

    @property
    def redirect(self) -> httpx2.URL | None:
        """Where the answer sends us, if it does. Raises DownloadError when that is nowhere."""
        if self.status not in _REDIRECTS or "location" not in self.headers:
            return None
        try:
            return parse_url(str(self.url.join(self.headers["location"])))
        except httpx2.InvalidURL as error:
            raise _bad_url(f"{self.url.host} redirects to what is no URL ({error})") from error

    def check_status(self) -> None:
        """Raise DownloadError for anything but an answer with the whole thing."""
        if self.is_whole:
            return
        failure = _FAILURES.get(self.status)
        if failure is None:
            failure = FailureClass.SERVER_ERROR if self.status >= 500 else FailureClass.HTTP_ERROR
        remedy = "try again later" if failure.is_passing else "check the address"
        raise DownloadError(
            f"the host {self.url.host} answers HTTP {self.status}; {remedy}",
            failure=failure,
            retry_after_s=self._retry_after_s() if self.status in (429, 503) else None,
        )

    async def read(self, *, max_bytes: int, check_beginning: Callable[[bytes], None]) -> bytes:
        """The whole body, unpacked. Raises DownloadError, and what `check_beginning` raises at its first kilobyte."""
        if (self.length or 0) > max_bytes:
            raise _too_large(max_bytes)
        data = bytearray()
        checked = False
        async for piece in self._unpacked(max_bytes):
            data += piece
            if len(data) > max_bytes:
                raise _too_large(max_bytes)
            if not checked and len(data) >= 1024:
                self._check(bytes(data[:1024]), check_beginning)
                checked = True
        if not checked:
            self._check(bytes(data), check_beginning)
        return bytes(data)

    def _check(self, beginning: bytes, check_beginning: Callable[[bytes], None]) -> None:
        try:
            check_beginning(beginning)
        except DownloadError as error:
            if self._encoding in ("", "identity", *_UNPACKED):
                raise
            raise DownloadError(
                f"the host {self.url.host} packs its answer as {self._encoding[:40]}, which nobody asked for; "
                "get the file by other means",
                failure=FailureClass.HTTP_ERROR,
            ) from error

    async def read_start(self, max_bytes: int) -> bytes:
        """The body as sent, as far as `max_bytes`."""
        data = bytearray()
        async for piece in self.body:
            data += piece
            if len(data) >= max_bytes:
                break
        return bytes(data[:max_bytes])

    @property
    def _encoding(self) -> str:
        return self.headers.get("content-encoding", "").strip().lower()

    async def _unpacked(self, max_bytes: int) -> AsyncIterator[bytes]:
        """The body, unpacked where it is packed as it says; else as it comes: hosts name encodings for nothing."""
        unpacker = None
        beginning: bytes | None = b""
        async for piece in self.body:
            if beginning is not None:
                piece = beginning + piece
                if len(piece) < _MAGIC_BYTES:
                    beginning = piece
                    continue
                beginning = None
                if self._encoding in _UNPACKED and _is_packed(piece):
                    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            if unpacker is None:
                yield piece
                continue
            try:
                # A few bytes can unpack to gigabytes: never more than one byte too many of them.
                yield unpacker.decompress(piece, max_bytes + 1)
            except zlib.error as error:
                raise DownloadError(
                    f"the host {self.url.host} sent what cannot be unpacked; get the file by other means",
                    failure=FailureClass.DAMAGED,
                ) from error
        if beginning:
            yield beginning
        if unpacker is not None and not unpacker.eof:
            raise _truncated(self.url)

    def _retry_after_s(self) -> float | None:
        """Seconds that the host wants to be left alone, from either form of Retry-After; None for what is none."""
        value = self.headers.get("retry-after", "").strip()
        try:
            if value.isascii() and value.isdigit():
                seconds = float(value)
            else:
                when = email.utils.parsedate_to_datetime(value)
                when = when if when.tzinfo else when.replace(tzinfo=UTC)
                seconds = max(0.0, (when - datetime.now(UTC)).total_seconds())
        except (ValueError, OverflowError):
            return None
        return seconds if seconds <= _LONGEST_BELIEVED_S else None


def parse_url(url: str) -> httpx2.URL:
    """The URL, fit to be fetched. Raises DownloadError for other schemes, user names, and what is no URL."""
    try:
        parsed = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise _bad_url(f"this is no URL ({error})") from error
    if parsed.scheme not in ("http", "https"):
        raise _bad_url("only http and https URLs are fetched")
    if parsed.userinfo:
        raise _bad_url("the URL holds a user name or password")
    host = parsed.raw_host
    if not host or len(host) > 253 or any(character in b' %\\"<>^`{|}' for character in host):
        raise _bad_url("the URL names no host")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise _bad_url(f"the URL names port {parsed.port}")
    return parsed


@asynccontextmanager
async def get(
    connections: Connections,
    url: httpx2.URL,
    *,
    user_agent: str,
    timeout_s: float,
    stall_timeout_s: float,
) -> AsyncIterator[Answer]:
    """The answer to a GET request, no redirect followed. Raises DownloadError, while the body is read too."""
    headers = [
        (b"host", url.netloc),
        (b"user-agent", user_agent.encode()),
        (b"accept", b"image/*, */*;q=0.5"),
        (b"accept-encoding", b"identity"),  # pictures are packed already
    ]
    answered = False
    try:
        async with (
            asyncio.timeout(timeout_s),
            connections.get(url, headers, timeout_s=stall_timeout_s) as exchange,
        ):
            answered = True
            answer = Answer(url, exchange.status, httpx2.Headers(exchange.headers), exchange.body)
            if not answer.is_whole and answer.length is not None and answer.length < _MUCH_TO_SKIP:
                async for _ in answer.body:
                    pass  # only then can the connection be used again
            yield answer
    except (TimeoutError, httpcore2.TimeoutException) as error:
        raise DownloadError(
            f"the host {url.host} took too long; try again later", failure=FailureClass.TIMEOUT
        ) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        if answered:
            raise _truncated(url) from error
        raise DownloadError(
            f"the host {url.host} hung up or speaks no HTTP ({' '.join(str(error).split()) or 'reset'}); "
            "try again later",
            failure=FailureClass.DISCONNECTED,
        ) from error


def _is_packed(beginning: bytes) -> bool:
    """Whether bytes begin as gzip or zlib do."""
    magic = beginning[:_MAGIC_BYTES]
    return magic == b"\x1f\x8b" or (magic[0] & 0x0F == 8 and int.from_bytes(magic) % 31 == 0)


def _bad_url(what: str) -> DownloadError:
    return DownloadError(f"{what}; correct it", failure=FailureClass.BAD_URL)


def _too_large(max_bytes: int) -> DownloadError:
    return DownloadError(
        f"the answer is larger than {max_bytes / 2**20:,.1f} MB; allow more by --max-mb",
        failure=FailureClass.TOO_LARGE,
    )


def _truncated(url: httpx2.URL) -> DownloadError:
    return DownloadError(
        f"the host {url.host} hung up before the picture was whole; try again later",
        failure=FailureClass.TRUNCATED,
    )
