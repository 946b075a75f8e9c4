"""Settings of a session, whatever they are called in a version of PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

_CALLED_BEFORE_16 = {"debug_parallel_query": "force_parallel_mode"}


def set_for_session(connection: psycopg.Connection[Any], settings: Mapping[str, str]) -> None:
    """Set them, each under the name that the server knows, until the connection ends."""
    older = _CALLED_BEFORE_16 if connection.info.server_version < 160000 else {}
    for name, value in settings.items():
        connection.execute("select set_config(%s, %s, false)", (older.get(name, name), value))
    connection.commit()
