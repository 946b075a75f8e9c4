"""A short form of benchmarks/watch_rates.py: rates hold, within the interval that is told, on days not seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_a_rate_holds_on_later_days_of_the_demos_world() -> None:
    check(study("--weeks", "2", "--frames", "250", "--history", "7"), least=93)


def test_a_rate_holds_on_real_traffic(shared_data: Path) -> None:
    model = shared_data / "models" / "photo-dual"
    options = ("--traffic", str(shared_data / "traffic"), "--model", str(model))
    check(study("--weeks", "0", "--every", "2", "--history", "7", *options), least=95)


def study(*options: str) -> list[str]:
    """The cells of the one row."""
    command = (sys.executable, "watch_rates.py", *options)
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, row = (line for line in done.stdout.splitlines() if " | " in line)
    return [cell.strip(" %") for cell in row.split("|")]


def check(row: list[str], *, least: float) -> None:
    _, _, rate, watches, days, within, alarms, width, live = row
    assert (rate, live) == ("5", "as back-test")
    assert int(watches) >= 40
    assert int(days) >= 5
    assert float(within) >= least
    assert 3.5 < float(alarms) < 6.5
    assert float(width) < 20
