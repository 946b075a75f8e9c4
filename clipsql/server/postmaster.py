"""See whether the server of a data folder lives, from its postmaster.pid, and which ports are free for it."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from clipsql.errors import EmbeddedServerError

# Below the ports that Linux and macOS give to outgoing connections, so that none of those ever sits on ours.
_PORTS = range(20_000, 30_000)
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Postmaster:
    """A live server; it is not ready while it starts, recovers or stops."""

    pid: int
    port: int | None
    ready: bool

    def answers(self) -> bool:
        """Whether it is ready and takes connections."""
        if not self.ready or self.port is None:
            return False
        try:
            socket.create_connection((_HOST, self.port), timeout=5).close()
        except OSError:
            return False
        return True


def read_postmaster(data_folder: Path) -> Postmaster | None:
    """The live server of a data folder; a postmaster.pid that a crash or a reboot left counts as none."""
    lines = _read_pid_file(data_folder)
    if len(lines) < 2 or not _is_postmaster(int(lines[0]), lines[1]):
        return None
    return Postmaster(
        pid=int(lines[0]),
        port=int(lines[3]) if len(lines) > 3 else None,  # lines are added while the server starts
        ready=len(lines) > 7 and lines[7].strip() == "ready",
    )


def settled_postmaster(data_folder: Path, *, seconds: float) -> Postmaster | None:
    """The server that is ready, or None; waits for one that somebody is just starting or stopping."""
    deadline = time.monotonic() + seconds
    while (postmaster := read_postmaster(data_folder)) is not None and not postmaster.answers():
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"PostgreSQL (process {postmaster.pid}) neither starts nor stops since {seconds:.0f} s: "
                f"see server.log in {data_folder.parent}, or end that process."
            )
        time.sleep(0.02)
    return postmaster


def discard_stale_pid_file(data_folder: Path) -> None:
    """Delete a postmaster.pid whose process number belongs to another program now, as happens after a reboot.

    PostgreSQL itself only sees that the process lives, and would refuse to start.
    """
    lines = _read_pid_file(data_folder)
    if len(lines) >= 2 and _is_alive(int(lines[0])) and not _is_postmaster(int(lines[0]), lines[1]):
        (data_folder / "postmaster.pid").unlink()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As PostgreSQL does, so that connections in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on; random, so that a server that is down rarely loses its own."""
    for _ in range(100):
        port = secrets.choice(_PORTS)
        if is_free(port):
            return port
    raise EmbeddedServerError(
        f"No free port between {_PORTS.start} and {_PORTS.stop - 1}: end a program that listens on them."
    )


def _read_pid_file(data_folder: Path) -> list[str]:
    with contextlib.suppress(OSError, ValueError):
        lines = (data_folder / "postmaster.pid").read_text().splitlines()
        int(lines[0] if lines else "")
        return lines
    return []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        return True
    return True


def _is_postmaster(pid: int, data_folder: str) -> bool:
    """Whether this process serves that data folder; without /proc, every live process counts."""
    if not _is_alive(pid):
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self/cmdline").exists()
    # pg_ctl starts `postgres -D FOLDER`; a process that ended but was not reaped yet has no arguments.
    return os.fsencode(data_folder) in arguments
