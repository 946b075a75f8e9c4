"""What `clipsql serve` is told when it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from clipsql.db.schema.rights import READER
from clipsql.errors import ConfigurationError

# What may stand in a header that names it: no space, comma, semicolon or quote.
_TILES = re.compile(r"(https?://[A-Za-z0-9.\-]+(?::\d+)?)/[^\s\"'<>]*")


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Who may ask and how much at once; `model` None is the database's default.

    Without a key nobody is answered, unless `public`: then who shows none asks as `role`. `role_header` is a header in
    which a proxy in front says the role; whoever reaches the server past the proxy could write it, too. Under
    `read_only` nothing is written, whatever a role may. `originals` is the folder for uploaded pictures. An
    address that is sent may lie within a private network only where `allow_private_hosts`. `tiles` is the address of
    tiles for the map, with {z}, {x} and {y}; `tiles_credit` says whose they are. What is opened of a search by a
    picture and a text is added to the file `clicks`.
    """

    role: str = READER
    public: bool = False
    role_header: str | None = None
    read_only: bool = False
    model: str | None = None
    tiles: str | None = None
    tiles_credit: str | None = None
    originals: Path | None = None
    clicks: Path | None = None
    allow_private_hosts: bool = False
    fetch_timeout_s: float = 20.0
    pool_size: int = 8
    pool_wait_s: float = 5.0
    statement_timeout_s: float = 30.0
    most_bytes: int = 32 * 2**20
    """The largest body of a request."""

    def __post_init__(self) -> None:
        """Raise ConfigurationError for an address of tiles that is none, or a file that cannot be written."""
        if self.tiles is not None and (
            not _TILES.fullmatch(self.tiles) or not all(name in self.tiles for name in ("{z}", "{x}", "{y}"))
        ):
            raise ConfigurationError(
                f"The tiles' address {self.tiles} is none; write it as https://tiles.example/{{z}}/{{x}}/{{y}}.png."
            )
        if self.clicks is not None:
            try:
                self.clicks.open("a").close()
            except OSError as error:
                raise ConfigurationError(
                    f"{self.clicks} cannot be written: {error.strerror}; choose another file."
                ) from error

    @property
    def tiles_origin(self) -> str | None:
        """Scheme, host and port of the server of tiles: what pages may load pictures from."""
        found = _TILES.fullmatch(self.tiles or "")
        return found[1] if found else None
