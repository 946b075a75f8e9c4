"""Helper processes end with the process that they help, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import leftovers
import pytest
from waiting import until

TESTS = Path(__file__).resolve().parents[1]

DRAW = """
import sys
from pathlib import Path
from clipsql.demo.frames import draw_frames
if __name__ == "__main__":
    draw_frames(Path(sys.argv[1]), 4_000, on_drawn=lambda: print(flush=True))
"""

PREPARE = """
import sys
from pathlib import Path
from clipsql.training.pixels import prepare_pixels
from training_squares import PlainProcessor, Squares
if __name__ == "__main__":
    file = Path(sys.argv[1], "pixels.npy")
    heard = lambda *_: print(flush=True)
    prepare_pixels(Squares(50_000), PlainProcessor(), file, workers=2, on_prepared=heard)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found through /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("program", [pytest.param(DRAW, id="demo"), pytest.param(PREPARE, id="training")])
def test_no_helper_outlives_a_command_that_a_signal_ends(
    tmp_path: Path, program: str, number: signal.Signals
) -> None:
    (tmp_path / "program.py").write_text(program)
    (tmp_path / "work").mkdir()
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    with subprocess.Popen(
        (sys.executable, tmp_path / "program.py", tmp_path / "work"),
        env=os.environ | {"PYTHONPATH": paths, leftovers.RUN: str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # a helper has done something
        assert len(leftovers.processes_of(tmp_path)) > 1
        process.send_signal(number)
        process.wait(60)
    try:
        until(lambda: not leftovers.processes_of(tmp_path), seconds=60)
    finally:
        leftovers.end(tmp_path)
