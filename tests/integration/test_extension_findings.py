"""pgspot finds nothing in the extension's script that docs/extension-findings.md does not answer."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clipsql.db.schema.extension import install_script, update_script

ROOT = Path(__file__).resolve().parents[2]
FIXED = "set search_path = pg_catalog, pg_temp"


def said_for_pgspot(script: str) -> str:
    """The script with two things said as pgspot knows them: paths that are kept, and bodies that are read at once."""
    functions = re.split(
        r"(?m)^(?=create (?:or replace )?function )", script.replace("set search_path from current", FIXED)
    )
    parsed = re.compile(r"^(?:begin atomic\n.*?^end;|return .*?;)$", re.MULTILINE | re.DOTALL)
    return "".join(
        parsed.sub(f"{FIXED} as 'select 1';", text, count=1)
        if text.startswith("create") and not re.search(r"^as ", text, re.MULTILINE)
        else text
        for text in functions
    )


def with_a_path(script: str, names: list[str]) -> str:
    """The script as it were if these functions kept a path, too."""
    functions = re.split(r"(?m)^(?=create function )", script)
    for name in names:
        (place,) = (n for n, text in enumerate(functions) if text.startswith(f"create function {name}("))
        text = re.sub(r"(?m)^set search_path = .*\n", "", functions[place])
        functions[place] = re.sub(r"(?m)^(language )", rf"{FIXED}\n\1", text, count=1)
    return "".join(functions)


def findings(script: str, folder: Path) -> tuple[int, list[str]]:
    """How many there are, and the line of each; pgspot must have come to the end of the script."""
    file = folder / "script.sql"
    file.write_text(script, "utf-8")
    program = Path(sys.executable).with_name("pgspot")
    done = subprocess.run([program, "--no-plpgsql", file], capture_output=True, text=True, check=False)
    totals = re.search(r"^ ?Errors: (\d+) Warnings: (\d+) Unknown: 0\s*\Z", done.stdout, re.MULTILINE)
    assert totals is not None, done.stdout[-200:] + done.stderr
    return int(totals[1]) + int(totals[2]), re.findall(r"^PS.*$", done.stdout, re.MULTILINE)


def answered() -> list[str]:
    page = (ROOT / "docs" / "extension-findings.md").read_text("utf-8")
    block = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert block is not None
    return block[1].split()


def test_every_finding_is_answered(tmp_path: Path) -> None:
    pytest.importorskip("pgspot", reason="needs pip install clipsql[test]")
    script = said_for_pgspot(install_script())
    _, found = findings(script, tmp_path)
    assert {line[:5] for line in found} == {"PS001", "PS005", "PS009", "PS016"}
    assert (
        sorted({match[1] for match in (re.match(r"PS005: .*?: ([\w.]+)\(", line) for line in found) if match})
        == answered()
    )
    assert findings(with_a_path(script, answered()), tmp_path) == (0, [])
    assert findings(said_for_pgspot(update_script("head")), tmp_path) == (0, [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "create function clipsql_private.is_restoring()",
            "create or replace function clipsql_private.is_restoring()",
            id="a function that somebody may have put there",
        ),
        pytest.param(
            "security definer\nset search_path from current",
            "security definer",
            id="the owner's rights under a caller's path",
        ),
    ],
)
def test_a_new_fault_would_be_found(before: str, after: str, tmp_path: Path) -> None:
    pytest.importorskip("pgspot", reason="needs pip install clipsql[test]")
    script = install_script()
    assert before in script
    changed = said_for_pgspot(script.replace(before, after, 1))
    assert findings(with_a_path(changed, answered()), tmp_path)[0] == 1
