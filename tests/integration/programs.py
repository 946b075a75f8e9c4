"""Run PostgreSQL's own client programs: psql, pg_dump, pg_restore."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sqlalchemy.engine import URL

from clipsql.server import EmbeddedServer


def run_program(name: str, url: URL, *arguments: str | Path, may_fail: bool = False) -> str:
    """What the program said on stderr after it has worked on a database; its failure is a failure of the test."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [EmbeddedServer.client_program(name), f"--dbname={address}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert may_fail or done.returncode == 0, done.stderr
    return done.stderr
