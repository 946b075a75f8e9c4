"""A test run leaves nothing behind, however it ends: no server, no process of a test, no folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import leftovers
import pytest
from waiting import until

TESTS = Path(__file__).resolve().parents[1]

HANGS = """
import os, subprocess, sys, time
from pathlib import Path

def test_that_hangs(run_folder, make_server):
    make_server().start()
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    Path(os.environ["STARTED"]).write_text(str(run_folder))
    time.sleep(600)
"""


@pytest.fixture
def hanging(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A real run of pytest in the middle of a test that hangs, and its folder."""
    (tmp_path / "test_hanging.py").write_text(HANGS)
    started = tmp_path / "started"
    command = (sys.executable, "-m", "pytest", "-p", "conftest", *request.param, "test_hanging.py")
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths, "STARTED": str(started)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        until(lambda: started.exists() and started.read_text() != "")
        yield process, Path(started.read_text())
        process.kill()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found through /proc")
@pytest.mark.parametrize(
    ("hanging", "number"),
    [
        pytest.param((), signal.SIGTERM, id="SIGTERM"),
        pytest.param((), signal.SIGINT, id="SIGINT"),
        pytest.param((), signal.SIGHUP, id="SIGHUP"),
        pytest.param((), signal.SIGKILL, id="SIGKILL"),
        pytest.param(("-n", "1"), signal.SIGTERM, id="SIGTERM to a parallel run"),
    ],
    indirect=["hanging"],
)
def test_a_run_that_is_ended_by_a_signal_leaves_no_process_and_no_folder(
    hanging: tuple[subprocess.Popen[bytes], Path], number: signal.Signals
) -> None:
    process, folder = hanging
    assert len(leftovers.processes_of(folder)) >= 3  # the server, what the test started, and who watches them
    process.send_signal(number)
    process.wait(60)
    until(lambda: not leftovers.processes_of(folder) and not folder.exists())
