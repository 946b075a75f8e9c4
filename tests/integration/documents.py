"""Run the blocks of a documentation page and compare what they print with what the page says they print.

A block marked `sql`, `sh` or `python` is run; the block marked `text` after it is its output. Numbers may differ in
their last digit, tables in the widths of their columns. Every page is run from top to bottom in one session.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import psycopg
from click.testing import CliRunner
from psycopg.pq import DiagnosticField, ExecStatus
from rich.cells import cell_len

from clipsql.cli import main
from clipsql.server.programs import program_folder

SHOWN_HOME = "~/.local/share/clipsql"
ONLINE = ("git clone", "python3 -m venv", ".venv/bin/pip", ". .venv/bin/activate")
"""Lines that set up what the tests run in already; .ci/run types the README's own."""

_BLOCKS = re.compile(r"```(sql|sh|python)\n(.*?)```\n(?:\n?```text\n(.*?)```\n)?", re.DOTALL)
_NUMERIC_TYPES = {20, 21, 23, 26, 700, 701, 1700}  # what psql writes to the right
_NUMBER = re.compile(r"[-+]?\d*\.?\d+")
_FRAME = re.compile(r"[\s|+─━╸╺-]+")


@dataclass(frozen=True)
class Block:
    """A command with the output that the page shows, None when it shows none."""

    language: str
    command: str
    output: str | None
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that can be run, from top to bottom."""
    text = page.read_text("utf-8")
    assert len(re.findall(r"^```(?:sql|sh|python)$", text, re.MULTILINE)) == len(_BLOCKS.findall(text)) > 0
    for found in _BLOCKS.finditer(text):
        yield Block(found[1], found[2], found[3], text.count("\n", 0, found.start()) + 1)


def run_sql(session: psycopg.Connection, command: str) -> str:
    """What psql prints for a statement, its values as the server writes them."""
    result = session.pgconn.exec_(command.encode())
    if result.status == ExecStatus.COMMAND_OK:
        return (result.command_status or b"").decode() + "\n"
    if result.status != ExecStatus.TUPLES_OK:
        return "ERROR:  " + (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode() + "\n"
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    numeric = [result.ftype(column) in _NUMERIC_TYPES for column in range(result.nfields)]
    rows = [
        [(result.get_value(row, column) or b"").decode() for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]
    widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    lines = [
        "|".join(f" {_centred(name, width)} " for name, width in zip(names, widths, strict=True)).rstrip(),
        "+".join("-" * (width + 2) for width in widths),
    ]
    for row in rows:
        cells = [
            " " * (width - cell_len(value)) + value if right else value + " " * (width - cell_len(value))
            for value, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("|".join(f" {cell} " for cell in cells).rstrip())
    return "\n".join(lines) + f"\n({len(rows)} row{'' if len(rows) == 1 else 's'})\n"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who types the blocks of a page one after the other, in a folder and on a database of their own.

    `names` are what a page calls things that a test has under other names: a server's address, a role. `defaults` are
    of options that a page leaves away, by command, where a reader would have to be online.
    """

    session: psycopg.Connection
    home: Path
    names: Mapping[str, str]
    defaults: Mapping[str, object]
    variables: dict[str, object] = field(default_factory=dict)

    def run(self, block: Block) -> str:
        """What the block prints. A block without an output on the page must not fail."""
        command = block.command
        for name, own in self.names.items():
            command = command.replace(name, own)
        if block.language == "sql":
            output = run_sql(self.session, command)
            assert block.output is not None or not output.startswith("ERROR"), output
        elif block.language == "python":
            with redirect_stdout(StringIO()) as printed:
                exec(compile(command, f"line {block.line}", "exec", dont_inherit=True), self.variables)
            output = printed.getvalue()
        else:
            output = "".join(self._type(line, must_work=block.output is None) for line in _lines_of(command))
        for name, own in self.names.items():
            output = output.replace(own, name)
        return output.replace(str(self.home), SHOWN_HOME)

    def _type(self, line: str, *, must_work: bool) -> str:
        """What one line of a shell block prints; in this process where it calls `clipsql`, by a shell otherwise."""
        if line.startswith(ONLINE):
            return ""
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            os.environ[name] = value
            return ""
        if line.startswith("clipsql "):
            done = CliRunner().invoke(main, shlex.split(line, comments=True)[1:], default_map=self.defaults)
            assert not must_work or done.exit_code == 0, f"{line}\n{done.output}"
            return "\n".join(text.rstrip() for text in done.output.splitlines() if text.strip()) + "\n"
        path = f"{program_folder()}{os.pathsep}{os.environ['PATH']}"
        shell = ("bash", "-euo", "pipefail", "-c", line)
        environment = {**os.environ, "PATH": path}
        ran = subprocess.run(shell, capture_output=True, text=True, env=environment, check=False)
        assert not must_work or ran.returncode == 0, f"{line}\n{ran.stderr}"
        return ran.stdout + ran.stderr


def _lines_of(command: str) -> list[str]:
    return [line for line in command.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def same_output(shown: str, found: str) -> bool:
    """Whether two outputs agree but for column widths and the last digits of numbers."""
    return all(map(_same_line, *_padded(_lines(shown), _lines(found))))


def rewritten(page: Path, run: Callable[[Block], str]) -> str:
    """The page with what its blocks print now, where it shows an output."""

    def replace(found: re.Match[str]) -> str:
        output = run(Block(found[1], found[2], found[3], 0))
        return found[0] if found[3] is None else f"```{found[1]}\n{found[2]}```\n\n```text\n{output}```\n"

    return _BLOCKS.sub(replace, page.read_text("utf-8"))


def _centred(name: str, width: int) -> str:
    left = (width - cell_len(name)) // 2
    return " " * left + name + " " * (width - cell_len(name) - left)


def _lines(output: str) -> list[list[str]]:
    split = ([word for word in _FRAME.split(f" {line} ") if word] for line in output.splitlines())
    return [words for words in split if words]


def _padded(first: list[list[str]], second: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    longest = max(len(first), len(second))
    return first + [[]] * (longest - len(first)), second + [[]] * (longest - len(second))


def _same_line(shown: list[str], found: list[str]) -> bool:
    return len(shown) == len(found) and all(map(_same_word, shown, found))


def _same_word(shown: str, found: str) -> bool:
    if shown == found:
        return True
    if not (_NUMBER.fullmatch(shown) and _NUMBER.fullmatch(found) and "." in shown):
        return False
    digits = len(shown.partition(".")[2])
    return len(found.partition(".")[2]) == digits and abs(float(shown) - float(found)) < 1.5 * 10**-digits
