"""A web server on loopback that behaves as badly as the open web does: HTTP/1.1 by hand, HTTP/2 by h2."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import h2.config
import h2.connection
import h2.events
import trustme
from PIL import Image

Handler = Callable[["Request"], Awaitable[None]]


def jpeg(color: str = "red", size: int = 64) -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), color).save(file, "JPEG")
    return file.getvalue()


PICTURE = jpeg()


async def here(host: str) -> Sequence[str]:  # noqa: ARG001
    """Looks up host names for a Downloader: all of them are this machine."""
    return ["127.0.0.1"]


class Request:
    """One request over HTTP/1.1, to be answered byte by byte."""

    def __init__(self, server: WebServer, host: str, target: str, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.host = host
        self.path, _, self.query = target.partition("?")
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """A whole, honest answer, unless `headers` say otherwise; "_" in their names stands for "-"."""
        given = {"content_length": str(len(body)), "content_type": "image/jpeg"} | headers
        lines = [f"HTTP/1.1 {status} Whatever"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def hang_up(self) -> None:
        self.writer.transport.abort()


class WebServer:
    """Serves `ROUTES` from a thread; `requests` are (host, path), `busiest` the most at a time of each host."""

    def __init__(self, *, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self.requests: list[tuple[str, str]] = []
        self.busiest: Counter[str] = Counter()
        self.connections = 0
        self._busy: Counter[str] = Counter()
        authority = trustme.CA()
        self.client_tls = ssl.create_default_context()
        authority.configure_trust(self.client_tls)
        self._certificate = authority.issue_cert("localhost", "127.0.0.1", "a.test")

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, path: str, *, host: str = "a.test") -> str:
        return f"http://{host}:{self._port(0)}{path}"

    def tls_url(self, path: str, *, host: str = "a.test", http2: bool = True) -> str:
        return f"https://{host}:{self._port(1 if http2 else 2)}{path}"

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for _, each in self.requests if each == path)

    def _port(self, index: int) -> int:
        port: int = self._servers[index].sockets[0].getsockname()[1]
        return port

    async def _start(self) -> None:
        def tls(*protocols: str) -> ssl.SSLContext:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._certificate.configure_cert(context)
            context.set_alpn_protocols(protocols)
            return context

        self._servers = [
            await asyncio.start_server(self._serve_http1, "0.0.0.0", 0, backlog=1024),
            await asyncio.start_server(self._serve_http2, "127.0.0.1", 0, ssl=tls("h2")),
            await asyncio.start_server(self._serve_http1, "127.0.0.1", 0, ssl=tls("http/1.1")),
        ]

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # Cancelled when the server stops: asyncio would report that of its own tasks.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                host = headers["host"].partition(":")[0]
                await self._answer(Request(self, host, head[0].split(" ")[1], writer))
        writer.transport.abort()

    async def _answer(self, request: Request) -> None:
        self.requests.append((request.host, request.path))
        self._busy[request.host] += 1
        self.busiest[request.host] = max(self.busiest[request.host], self._busy[request.host])
        try:
            await asyncio.sleep(self.latency_s)
            await ROUTES.get(request.path, _not_found)(request)
        finally:
            self._busy[request.host] -= 1

    async def _serve_http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        path = dict(event.headers)[b":path"].decode()
                        self.requests.append(("http/2", path))
                        _answer_http2(connection, event.stream_id, path)
                writer.write(connection.data_to_send())
                await writer.drain()
        writer.transport.abort()


def _answer_http2(connection: h2.connection.H2Connection, stream: int, path: str) -> None:
    if path == "/cut.jpg":
        connection.send_headers(stream, [(":status", "200"), ("content-length", str(len(PICTURE)))])
        connection.send_data(stream, PICTURE[:100])
        connection.reset_stream(stream)
    elif path == "/short.jpg":
        connection.send_headers(stream, [(":status", "200"), ("content-length", str(len(PICTURE)))])
        connection.send_data(stream, PICTURE[:100], end_stream=True)
    elif path == "/ok.jpg":
        connection.send_headers(stream, [(":status", "200")])
        connection.send_data(stream, PICTURE, end_stream=True)
    else:
        connection.send_headers(stream, [(":status", "404")], end_stream=True)


async def _not_found(request: Request) -> None:
    await request.answer(404)


async def _robots(request: Request) -> None:
    rules = {
        "closed.test": b"User-agent: *\nDisallow: /\n",
        "partly.test": b"User-agent: *\nDisallow: /\n\nUser-agent: clipsql\nDisallow: /private/\n",
        "huge.test": b"User-agent: *\nDisallow: /ok.jpg\n" + b"# and so on\n" * 100_000,
        "binary.test": bytes(range(256)) * 10,
    }
    if request.host == "broken.test":
        await request.answer(503)
    elif request.host == "inward.test":
        await request.answer(302, location="http://10.0.0.1/robots.txt")
    elif request.host in rules:
        await request.answer(200, rules[request.host], content_type="text/plain")
    else:
        await request.answer(404)


async def _hang(request: Request) -> None:  # noqa: ARG001
    await asyncio.sleep(60)


async def _drip(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + PICTURE[:4])
    while not request.writer.is_closing():
        await asyncio.sleep(0.05)
        await request.send(b"x")


async def _stall(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + PICTURE[:100])
    await asyncio.sleep(60)


async def _cut(request: Request) -> None:
    await request.answer(200, PICTURE[:-100], content_length=str(len(PICTURE)))
    request.writer.close()


async def _cut_chunks(request: Request) -> None:
    await request.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + PICTURE[:100] + b"\r\n"
    )
    request.writer.close()


async def _reset(request: Request) -> None:
    await request.answer(200, PICTURE[:100], content_length=str(len(PICTURE)))
    await asyncio.sleep(0.05)
    request.hang_up()


async def _old(request: Request) -> None:
    await request.send(b"HTTP/1.0 200 OK\r\n\r\n" + PICTURE)
    request.writer.close()


async def _endless(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await request.send(b"%x\r\n" % len(PICTURE) + PICTURE + b"\r\n")
    while not request.writer.is_closing():
        await request.send(b"10000\r\n" + bytes(65_536) + b"\r\n")


async def _bomb(request: Request) -> None:
    data = gzip.compress(PICTURE + bytes(50_000_000))
    await request.answer(200, data, content_encoding="gzip")


async def _packed(request: Request) -> None:
    await request.answer(200, gzip.compress(PICTURE), content_encoding="gzip")


async def _packed_and_cut(request: Request) -> None:
    await request.answer(200, gzip.compress(PICTURE)[:-20], content_encoding="gzip")


async def _redirect(request: Request) -> None:
    await request.answer(302, location=request.query)


async def _many_hops(request: Request) -> None:
    left = int(request.query)
    await request.answer(302, location=f"/hops?{left - 1}" if left > 1 else "/ok.jpg")


async def _later(request: Request) -> None:
    """429 once, with what the query says to wait; then the picture."""
    if request.server.asked(request.path) > 1:
        await request.answer(200, PICTURE)
        return
    when = request.query
    if when == "date":
        when = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    await request.answer(429, retry_after=when)


async def _busy(request: Request) -> None:
    """429 whenever it is asked, with what the query says to wait."""
    await request.answer(429, retry_after=unquote(request.query))


async def _long_length(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5001 + b"\r\n\r\n" + PICTURE)


async def _packed_badly(request: Request) -> None:
    packed = bytearray(gzip.compress(PICTURE * 50))
    packed[20:60] = bytes(40)
    await request.answer(200, bytes(packed), content_encoding="gzip")


async def _part(request: Request) -> None:
    """206 with as much of the picture as the query says."""
    size = int(request.query)
    await request.answer(206, PICTURE[:size], content_range=f"bytes 0-{size - 1}/{len(PICTURE)}")


async def _proxied(request: Request) -> None:
    await request.answer(203, PICTURE)


async def _better_then(request: Request) -> None:
    await request.answer(*((200, PICTURE) if request.server.asked(request.path) > 1 else (500, b"")))


async def _status(request: Request) -> None:
    await request.answer(int(request.query), b"" if request.query == "204" else b"never mind")


async def _tagged(request: Request) -> None:
    await request.answer(200, PICTURE, x_robots_tag=request.query.replace("+", " "))


async def _early_hints(request: Request) -> None:
    chunks = b"%x\r\n%s\r\n0\r\nX-Length: 5\r\n\r\n" % (len(PICTURE), PICTURE)
    await request.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    await request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Length\r\n\r\n" + chunks)


async def _bare_newlines(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%s" % (len(PICTURE), PICTURE))


async def _two_answers(request: Request) -> None:
    first, second = (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        for body in (PICTURE, jpeg("blue"))
    )
    if (
        pause_s := float(request.query)
    ) == 0:  # both at once: what comes later may come when something else was asked
        await request.send(first + second)
    else:
        await request.send(first)
        await asyncio.sleep(pause_s)
        await request.send(second)
    request.server.requests.append((request.host, "both answers"))


async def _endless_headers(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\n")
    while not request.writer.is_closing():
        await request.send(b"X-More: %s\r\n" % (b"x" * 4000))


async def _no_http(request: Request) -> None:
    await request.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    request.writer.close()


async def _hang_up(request: Request) -> None:
    request.hang_up()


def _body(body: bytes, **headers: str) -> Handler:
    async def send(request: Request) -> None:
        await request.answer(200, body, **headers)

    return send


ROUTES: dict[str, Handler] = {
    "/robots.txt": _robots,
    "/ok.jpg": _body(PICTURE, etag='"v1"', last_modified="Thu, 09 Mar 2017 00:02:08 GMT"),
    "/private/ok.jpg": _body(PICTURE),
    "/called-html": _body(PICTURE, content_type="text/html"),
    "/page.jpg": _body(b"<!doctype html><p>Not found</p>"),
    "/large-page.jpg": _body(b"<!doctype html>" + b"<p>Not found</p>" * 1_000),
    "/empty.jpg": _body(b""),
    "/large.jpg": _body(PICTURE + bytes(100_000)),
    "/brotli.jpg": _body(bytes(range(256)), content_encoding="br"),
    "/brotli-said": _body(PICTURE, content_encoding="br"),
    "/gzip-said": _body(PICTURE, content_encoding="gzip"),
    "/gzip-said.html": _body(b"<!doctype html><p>Not found</p>", content_encoding="gzip"),
    "/busy": _busy,
    "/long-length": _long_length,
    "/packed-badly": _packed_badly,
    "/part": _part,
    "/proxied": _proxied,
    "/no-length.jpg": _body(PICTURE, content_length="-5"),
    "/hang": _hang,
    "/drip": _drip,
    "/stall": _stall,
    "/cut": _cut,
    "/cut-chunks": _cut_chunks,
    "/reset": _reset,
    "/old": _old,
    "/endless": _endless,
    "/bomb": _bomb,
    "/packed": _packed,
    "/packed-and-cut": _packed_and_cut,
    "/redirect": _redirect,
    "/hops": _many_hops,
    "/later": _later,
    "/better-then": _better_then,
    "/status": _status,
    "/tagged": _tagged,
    "/early-hints": _early_hints,
    "/bare-newlines": _bare_newlines,
    "/two-answers": _two_answers,
    "/endless-headers": _endless_headers,
    "/no-http": _no_http,
    "/hang-up": _hang_up,
}
"""Path -> what happens."""
