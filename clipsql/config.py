"""Settings, read once: environment first, then command-line flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What clipsql needs to know before it can do anything.

    `database_url` None means the embedded server, whose data lies under `home`.
    """

    database_url: str | None = field(default=None, repr=False)  # may hold a password
    home: Path

    @classmethod
    def from_environment(
        cls,
        *,
        database_url: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Settings from CLIPSQL_DATABASE_URL and CLIPSQL_HOME; arguments win over them."""
        environment = os.environ if environment is None else environment
        home = environment.get("CLIPSQL_HOME")
        return cls(
            database_url=database_url or environment.get("CLIPSQL_DATABASE_URL") or None,
            home=Path(home).expanduser().absolute() if home else _default_home(),
        )


def _default_home() -> Path:
    # The embedded server cannot run as root, and the user it then runs as cannot enter /root:
    # root's data lies where system services keep theirs.
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/clipsql")
    return Path(platformdirs.user_data_dir("clipsql", appauthor=False))
