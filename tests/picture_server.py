"""A plain web server of small pictures on loopback that counts what it is asked for."""

from __future__ import annotations

import io
import threading
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image


@cache
def picture_bytes(number: int) -> bytes:
    """A PNG unlike that of every other number."""
    values = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    held = io.BytesIO()
    Image.fromarray(values).save(held, "PNG")
    return held.getvalue()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: killed ones do."""


class PictureServer:
    """Serves /NUMBER.png; `contents` are other answers by path (None: 404), `asked` counts the requests,
    `user_agents` are those who ask.
    """

    def __init__(self, *, latency_s: float = 0.0) -> None:
        self.contents: dict[str, bytes | None] = {}
        self.asked: Counter[str] = Counter()
        self.user_agents: set[str | None] = set()
        self.latency_s = latency_s
        self._server = _Server(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, number: int) -> str:
        """Where the picture of that number lies."""
        return f"http://127.0.0.1:{self._server.server_port}/{number}.png"

    def answer(self, path: str) -> bytes | None:
        """What is there, None for nothing."""
        if path == "/robots.txt":
            return None
        self.asked[path] += 1
        threading.Event().wait(self.latency_s)
        if path in self.contents:
            return self.contents[path]
        return picture_bytes(int(path.strip("/").removesuffix(".png")))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                server.user_agents.add(self.headers["User-Agent"])
                data = server.answer(self.path)
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
