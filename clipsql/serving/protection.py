"""What holds for every answer: headers for browsers, bounds of requests, a client that is gone, logs and metrics."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipsql.serving.callers import SHOW_A_KEY, NotAdmitted, Shown
from clipsql.serving.metrics import Metrics
from clipsql.serving.options import ServeOptions
from clipsql.serving.problems import Problem

_log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{tiles};"
    " media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_GONE = 499
"""Told of a request whose client went away before it was answered, as nginx has it."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/healthz", "/readyz", "/openapi.json", "/docs", "/login", "/favicon.ico")
"""What is answered to everybody: nothing of the database."""


class Protected:
    """An application whose requests are bounded, told of, and given up when their client is gone."""

    def __init__(self, app: ASGIApp, *, options: ServeOptions, metrics: Metrics) -> None:
        self._app, self._options, self._most_bytes, self._metrics = app, options, options.most_bytes, metrics
        tiles = f" {options.tiles_origin}" if options.tiles_origin else ""
        self._headers = {name: value.replace("{tiles}", tiles) for name, value in _HEADERS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, seen, is_told, is_endless = time.perf_counter(), _GONE, 0, False, False

        async def answer(message: Message) -> None:
            nonlocal status, is_told
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            is_told = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        async def bounded() -> Message:
            nonlocal is_endless, seen
            message = await receive()
            seen += len(message.get("body", b""))
            is_endless = seen > self._most_bytes  # one that told no length
            return {"type": "http.disconnect"} if is_endless else message

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, answer)
        else:
            await _until_gone(self._app, scope, bounded, answer, lambda: is_told)
            if is_endless and status == _GONE:
                await self._too_large()(scope, receive, answer)
        took_s = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.note(scope["method"], route, status, took_s)
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * took_s, 1)}
        _log.info("%(method)s %(route)s %(status)s in %(ms)s ms", facts, extra=facts)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most_bytes:
            return self._too_large()
        # Another site's page may send a form or a picture here with what the browser knows of us.
        origin = headers.get("origin")
        if (
            scope["method"] not in _SAFE
            and origin is not None
            and urlsplit(origin).netloc != headers.get("host")
        ):
            return Problem(403, "Another site's page sent this request.").response()
        path = scope["path"]
        if self._options.public or path in _OPEN or path.startswith("/static/"):
            return None
        if Shown.by(headers, Request(scope).cookies, self._options) != Shown():
            return None  # whether it opens anything is asked of the database
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login?" + urlencode({"then": _address(scope)}), 303)
        return Problem.of(NotAdmitted(SHOW_A_KEY)).response()

    def _too_large(self) -> Response:
        return Problem(413, f"A request may have {self._most_bytes:,} bytes.").response()


def _address(scope: Scope) -> str:
    """Path and query of a request, as they were asked for."""
    url = Request(scope).url
    return url.path + (f"?{url.query}" if url.query else "")


async def _until_gone(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, is_told: Callable[[], bool]
) -> None:
    """Run the application until it has answered or its client is gone: then what it asks the database is cancelled."""
    messages: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)

    async def listen() -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                if not is_told():
                    work.cancel()
                return
            await messages.put(message)

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
