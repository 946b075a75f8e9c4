"""A private PostgreSQL server with pgvector that clipsql makes, starts and stops itself."""

from __future__ import annotations

from clipsql.server.server import EmbeddedServer, ServerStatus

__all__ = ["EmbeddedServer", "ServerStatus"]
