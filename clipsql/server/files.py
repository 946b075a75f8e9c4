"""The small files beside the embedded server's data: secrets, written whole or not at all, and its log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from clipsql.server.user import ServerUser, complaint

_MAX_LOG_BYTES = 10 * 1024 * 1024


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read; after a crash it is the old one or the new one."""
    fresh = path.with_name(f"new-{path.name}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@dataclass(frozen=True)
class LogFile:
    """What the server says; cut back at every start of a command, so that it cannot grow for ever."""

    path: Path

    def prepare(self, user: ServerUser) -> int:
        """The length of the log, which `user` may append to from now on."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        user.take_over(self.path)
        self.trim()
        return self.path.stat().st_size

    def trim(self) -> None:
        # The server appends, so it goes on writing at the new end of the emptied file.
        if self.path.exists() and self.path.stat().st_size > _MAX_LOG_BYTES:
            os.truncate(self.path, 0)

    def last_complaint(self, *, since: int) -> str:
        """The last error that the server logged after `since` bytes; empty when there is none."""
        with self.path.open("rb") as log:
            log.seek(since)
            return complaint(log.read().decode(errors="replace"))
