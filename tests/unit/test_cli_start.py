"""What `clipsql` needs before it can say hello."""

from __future__ import annotations

import subprocess
import sys


def test_neither_the_package_nor_its_command_imports_torch() -> None:
    code = (
        "import sys, clipsql, clipsql.cli, clipsql.orm; print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
