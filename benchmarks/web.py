"""A web server for benchmarks, in a process of its own: 50 ms late, and one picture in a hundred fails at first."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"


@contextmanager
def web_server(pictures: Sequence[bytes]) -> Iterator[int]:
    """The port, on every loopback address, of a server that has a picture at each /picture?NUMBER.

    The pictures come again and again, each time as other bytes. Asked for one in a hundred it first answers HTTP 503,
    or breaks off in the middle; it remembers to whom it has done that.
    """
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(pictures, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def _serve(pictures: Sequence[bytes], parent: Connection) -> None:
    sys.path.insert(0, str(TESTS))
    from web_server import ROUTES, Request, WebServer

    shown: set[int] = set()

    async def send(request: Request) -> None:
        number = int(request.query)
        # What follows the end of a picture changes its hash and not its pixels.
        picture = pictures[number % len(pictures)] + number.to_bytes(4, "big")
        if number % 100 != 7 or number in shown:
            await request.answer(200, picture)
            return
        shown.add(number)
        if number % 200 == 7:
            await request.answer(503)
        else:
            await request.answer(200, picture[:1000], content_length=str(len(picture)))
            request.hang_up()

    ROUTES["/picture"] = send
    with WebServer(latency_s=0.05) as server:
        parent.send(int(server.url("").rpartition(":")[2]))
        parent.recv()
