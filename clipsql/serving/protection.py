"""What holds for every answer: headers for browsers, bounds of requests, a client that is gone, logs and metrics."""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipsql.serving.metrics import Metrics
from clipsql.serving.problems import Problem

_log = logging.getLogger("clipsql.serving")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class Protected:
    """An application whose requests are bounded, told of, and given up when their client is gone."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, metrics: Metrics) -> None:
        self._app, self._most_bytes, self._metrics = app, most_bytes, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, is_told = time.perf_counter(), 499, False

        async def answer(message: Message) -> None:
            nonlocal status, is_told
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            is_told = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused.response()(scope, receive, answer)
        else:
            await _until_gone(self._app, scope, self._bounded(receive), answer, lambda: is_told)
        took_s = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.note(scope["method"], route, status, took_s)
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * took_s, 1)}
        _log.info("%(method)s %(route)s %(status)s in %(ms)s ms", facts, extra=facts)

    def _refused(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most_bytes:
            return Problem(413, f"A request may have {self._most_bytes:,} bytes.")
        # Another site's page may send a form or a picture here with what the browser knows of us.
        origin = headers.get("origin")
        if scope["method"] not in _SAFE and origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return Problem(403, "Another site's page sent this request.")
        return None

    def _bounded(self, receive: Receive) -> Receive:
        seen = 0

        async def take() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # One that tells no length and does not end is cut off as if its client had gone.
            return {"type": "http.disconnect"} if seen > self._most_bytes else message

        return take


async def _until_gone(app: ASGIApp, scope: Scope, receive: Receive, send: Send, is_told: object) -> None:
    """Run the application until it has answered or its client is gone: then what it asks the database is cancelled."""
    messages: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)

    async def listen() -> None:
        while True:
            message = await receive()
            await messages.put(message)
            if message["type"] == "http.disconnect":
                if not is_told():  # type: ignore[operator]
                    work.cancel()
                return

    async def next_message() -> Message:
        return {"type": "http.disconnect"} if listening.done() and messages.empty() else await messages.get()

    work = asyncio.ensure_future(app(scope, next_message, send))
    listening = asyncio.ensure_future(listen())
    try:
        await work
    except asyncio.CancelledError:
        if not listening.done():  # the server itself ends
            work.cancel()
            raise
    finally:
        listening.cancel()
