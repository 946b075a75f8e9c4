"""Run the server on a host and port."""

from __future__ import annotations

import uvicorn
from sqlalchemy.engine import Engine, make_url

from clipsql.serving.app import make_app
from clipsql.serving.options import ServeOptions


def run(engine: Engine, options: ServeOptions, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; answers that are under way are finished within ten seconds."""
    url = make_url(engine.url).set(drivername="postgresql+psycopg")
    config = uvicorn.Config(
        make_app(url, options),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        limit_concurrency=500,
    )
    uvicorn.Server(config).run()
