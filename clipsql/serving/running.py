"""Run the server on a host and port."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn
from sqlalchemy.engine import Engine, make_url

from clipsql.errors import ConfigurationError
from clipsql.serving.app import make_app
from clipsql.serving.options import ServeOptions


def run(engine: Engine, options: ServeOptions, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; answers that are under way are finished within ten seconds.

    Raises ConfigurationError when the address cannot be had.
    """
    listening = listen(host, port)
    url = make_url(engine.url).set(drivername="postgresql+psycopg")
    config = uvicorn.Config(
        make_app(url, options),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        limit_concurrency=500,
    )
    with suppress(
        KeyboardInterrupt
    ):  # raised once more when it has ended: the way to end a server is no mishap
        uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, the connections of which send at once. Raises ConfigurationError when it cannot be had."""
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"Cannot listen at {host} port {port}: {error}; choose another by --port."
        ) from error
    # asyncio does so for sockets of its own making; a head that waits for its body's turn costs 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
