"""The real server, beside the tests: uvicorn on a free port, asked by an ordinary HTTP client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn
from sqlalchemy.engine import make_url
from waiting import until

from clipsql.server.postmaster import free_port
from clipsql.serving.app import make_app
from clipsql.serving.options import ServeOptions


@contextmanager
def served(database_url: str, **options: Any) -> Iterator[httpx2.Client]:
    """A client of a server over the database, which shows no key of its own."""
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    port = free_port()
    config = uvicorn.Config(
        make_app(url, ServeOptions(**options)), host="127.0.0.1", port=port, log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def bearer(key: str) -> dict[str, str]:
    """The headers of who shows that key."""
    return {"Authorization": f"Bearer {key}"}
