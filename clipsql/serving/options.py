"""What `clipsql serve` is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clipsql.db.schema.rights import READER


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Who may ask and how much at once; `model` None is the database's default.

    Without a key nobody is answered, unless `public`: then who shows none asks as `role`. `role_header` is a header in
    which a proxy in front says the role; whoever reaches the server past the proxy could write it, too. Under
    `read_only` nothing is written, whatever a role may. `originals` is the folder for uploaded pictures. An
    address that is sent may lie within a private network only where `allow_private_hosts`.
    """

    role: str = READER
    public: bool = False
    role_header: str | None = None
    read_only: bool = False
    model: str | None = None
    originals: Path | None = None
    allow_private_hosts: bool = False
    fetch_timeout_s: float = 20.0
    pool_size: int = 8
    pool_wait_s: float = 5.0
    statement_timeout_s: float = 30.0
    most_bytes: int = 32 * 2**20
    """The largest body of a request."""
