"""Open the database that the settings name: the user's own, or the embedded server, started when it sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from clipsql.config import Settings
from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer


def database_url(settings: Settings) -> str:
    """URL of the database, with its password; starts the embedded server when no other is named."""
    return settings.database_url or EmbeddedServer(settings.home).start()


@contextmanager
def open_database(settings: Settings, *, check_revision: bool = True) -> Iterator[Engine]:
    """Engine on the database, closed with the block.

    The embedded server is clipsql's own, so its schema is brought up to date without asking; any other database
    must be at the newest revision. Raises DatabaseUnreachable, DatabaseNotReady, EmbeddedServerError.
    """
    engine = create_engine(database_url(settings))
    try:
        if check_revision:
            if settings.database_url is None and migrating.is_behind(engine):
                migrating.upgrade(engine)
            migrating.require_current(engine)
        yield engine
    finally:
        engine.dispose()
