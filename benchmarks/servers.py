"""A PostgreSQL of its own for a benchmark."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Engine

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.server import EmbeddedServer
from clipsql.server.programs import NEWEST


@contextmanager
def temporary_database(version: int = NEWEST) -> Iterator[tuple[Engine, Path]]:
    """A fresh database on a server of its own, and a folder; both are gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    folder.chmod(0o711)  # the embedded server has a user of its own when this runs as root
    server = EmbeddedServer(folder / "home", version=version)
    try:
        engine = create_engine(server.start())
        migrating.upgrade(engine)
        yield engine, folder
        engine.dispose()
    finally:
        server.remove()
        shutil.rmtree(folder)
