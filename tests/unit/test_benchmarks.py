"""Benchmarks are not part of the test run, but they must not fall behind what they measure."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_every_benchmark_can_be_imported() -> None:
    names = sorted(file.stem for file in BENCHMARKS.glob("*.py"))
    assert "filtered_search" in names
    # Rivals that only their own benchmark needs.
    for rival, name in (("aiohttp", "aiohttp_connections"), ("vectordb_bench", "vectordbbench_runs")):
        if find_spec(rival) is None:
            names.remove(name)
    imports = "\n".join(f"import {name}" for name in names)
    done = subprocess.run([sys.executable, "-c", imports], cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_names_only_benchmarks_that_are_there() -> None:
    readme = BENCHMARKS.with_name("README.md").read_text("utf-8")
    named = set(re.findall(r"`(?:benchmarks/)?(\w+\.py)`", readme))
    assert "filtered_search.py" in named
    assert named <= {file.name for file in BENCHMARKS.glob("*.py")}
