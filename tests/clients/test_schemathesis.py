"""schemathesis reads /openapi.json and tries every route with what it makes up: nothing is a fault of the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from serving import served
from sqlalchemy.engine import URL

pytest.importorskip("schemathesis", reason="needs pip install schemathesis")

WANTED = os.environ.get("CLIPSQL_SCHEMATHESIS_EXAMPLES")
"""Of each route, with all that its coverage phase knows to be odd besides: 150 make more than 5,000 cases."""
WRITER = f"clipsql_test_{os.getpid()}_schemathesis"


@pytest.fixture
def address(owner_url: URL, tmp_path: Path) -> Iterator[str]:
    """A server where everybody writes, and which takes uploads."""
    url = owner_url.render_as_string(hide_password=False)
    name = sql.Identifier(WRITER)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(sql.SQL("create role {} in role clipsql_writer").format(name))
        options = {"public": True, "role": WRITER, "originals": tmp_path / "kept", "fetch_timeout_s": 0.2}
        with served(url, **options) as client:
            yield str(client.base_url).rstrip("/")
        owner.execute(sql.SQL("drop owned by {0} cascade; drop role {0}").format(name))


def test_nothing_that_is_made_up_is_a_fault_of_the_server(address: str, tmp_path: Path) -> None:
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
        *("--checks", "not_a_server_error", "--max-examples", WANTED or "8", "--seed", "19"),
        *(
            "--phases",
            "examples,coverage,fuzzing" if WANTED else "examples,fuzzing",
            "--request-timeout",
            "60",
            "--continue-on-failure",
        ),
        *("--suppress-health-check", "all", "--no-color"),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    told = re.search(r"Test cases:\s+(\d+) generated", done.stdout)
    sys.stdout.write(done.stdout[-3000:])  # the count of a long run, under -s
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert told is not None, done.stdout[-2000:]
    assert int(told[1]) > 100
