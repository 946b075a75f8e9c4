"""The socket on which the server listens."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("uvicorn", reason="needs pip install clipsql[serve]")

from clipsql.errors import ConfigurationError
from clipsql.serving.running import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_answered_leaves_at_once(host: str) -> None:
    try:
        listening = listen(host, 0)
    except ConfigurationError as error:
        pytest.skip(f"this machine has no such address: {error}")
    with listening, socket.create_connection(listening.getsockname()[:2]), listening.accept()[0] as answering:
        assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
