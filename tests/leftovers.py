"""End what a test run leaves behind: run as a program beside the tests, which outlives them however they end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

RUN = "CLIPSQL_TEST_RUN"
"""The environment variable that names the folder of the run to every process that a test starts."""

_SECONDS_TO_END = 10


def watch(folder: Path) -> subprocess.Popen[bytes]:
    """A process that waits until its standard input is closed, by hand or because this process is gone."""
    os.environ[RUN] = str(folder)
    # A session of its own: Ctrl-C in a terminal reaches all of the run's.
    return subprocess.Popen(
        (sys.executable, __file__, str(folder)), stdin=subprocess.PIPE, start_new_session=True
    )


def processes_of(folder: str | Path) -> list[int]:
    """The processes that name the folder in their environment or command line; none where there is no /proc.

    PostgreSQL has it in its command line, initdb's helpers and whatever a test starts in their environment.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
            named = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if os.fsencode(folder) in named and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def end(folder: Path) -> None:
    """End all processes of the folder and delete it."""
    started = time.monotonic()
    while processes := processes_of(folder):
        # PostgreSQL stops at once by SIGQUIT, and frees its shared memory, as it could not when killed.
        is_late = time.monotonic() - started > _SECONDS_TO_END
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if is_late else signal.SIGQUIT)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    end(Path(sys.argv[1]))
