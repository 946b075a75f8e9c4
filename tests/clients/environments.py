"""Pythons with packages that cannot live beside ours: virtual environments that see ours behind their own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest


def python_with(*packages: str, modules: tuple[str, ...]) -> str:
    """The Python that can import the modules: this one, else one made once for these packages and kept.

    Skips the test where the packages cannot be had.
    """
    if all(map(find_spec, modules)):
        return sys.executable
    kind = hashlib.sha256(repr((packages, sys.version, sys.prefix)).encode()).hexdigest()[:12]
    home = Path(tempfile.gettempdir()) / f"clipsql-clients-{kind}"
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        subprocess.run((sys.executable, "-m", "venv", "--clear", home), check=True)
        installed = subprocess.run(
            (python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", *packages),
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode != 0:
            pytest.skip(f"needs pip install {' '.join(packages)}, which cannot be had here")
        ours = sysconfig.get_path("purelib")
        own = next(home.glob("lib/python*/site-packages"))
        (own / "zz_ours.pth").write_text(f"{ours}\n")
        ready.touch()
    return str(python)
