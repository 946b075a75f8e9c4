"""What a message, a help text or a page names is there: every command, option, function, table and view."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.cli import main

ROOT = Path(__file__).resolve().parents[2]
_OF_OTHER_PROGRAMS = (
    "docs/reference",
    "clipsql/server",
    "clipsql/demo/build_describing.py",
    "clipsql/demo/build_matching.py",
    "clipsql/demo/build_model.py",
    "docs/extension.md",
    "docs/extension-findings.md",
    "docs/upgrades.md",
    "docs/clients.md",
    "docker-compose",
    "CONTRIBUTING",
)
"""Files whose options are for other programs; commands of clipsql in them are looked at all the same."""

_COMMAND = re.compile(r"(?P<quote>[\"'`]?)\bclipsql (?P<rest>[a-z-][^\"'`\n;|&]*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_SETTING = re.compile(r"(?:current_setting|set_config)\('clipsql\.(\w+)'")
_SQL_NAME = re.compile(r"\bclipsql\.([a-z_]+)\b(?![.\w])")


def _python_texts(file: Path) -> Iterator[str]:
    """Every string of a module, those with placeholders as they stand; docstrings, too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """(where, text) of all that a user may read."""
    found = [
        (file.relative_to(ROOT).as_posix(), text)
        for folder in ("clipsql", "examples")
        for file in (ROOT / folder).rglob("*.py")
        for text in _python_texts(file)
    ]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sql").rglob("*.sql")]
    pages += [ROOT / "docker-compose.yml", ROOT / "examples" / "README.md"]
    return (*found, *((page.relative_to(ROOT).as_posix(), page.read_text("utf-8")) for page in pages))


def _options(command: click.Command) -> set[str]:
    names = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    return names | {"--help"}


def _all_options(command: click.Command) -> set[str]:
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return _options(command).union(*map(_all_options, below))


def problem(quote: str, rest: str) -> str | None:
    """What is wrong with a command line that begins with `clipsql`; None also for a sentence that does."""
    words = rest.split()
    command: click.Command = main
    options = _options(main)
    path = ["clipsql"]
    while words and words[0].startswith("--") and words[0] in options:
        words = words[2:]
    while words and isinstance(command, click.Group):
        word = words[0].rstrip(".,:)")
        if word not in command.commands:
            if command is main and not quote:
                return None  # a sentence: clipsql expects ...
            if word.isupper() or "|" in word or command is main.commands["explain"]:
                break
            return f"{' '.join(path)} has no command {word}"
        command = command.commands[word]
        path.append(words.pop(0))
    unknown = set(_OPTION.findall(" ".join(words))) - _all_options(command) - options
    return f"{' '.join(path)} has no option {', '.join(sorted(unknown))}" if unknown else None


def test_every_command_that_is_named_is_there_with_its_options() -> None:
    seen, wrong = 0, []
    for where, text in texts():
        for found in _COMMAND.finditer(text):
            seen += 1
            what = problem(found["quote"], found["rest"])
            if what is not None:
                wrong.append(f"{where}: {what} ({found[0].strip()})")
    assert seen > 200
    assert not wrong, "\n".join(wrong)


def test_every_option_that_is_named_is_of_some_command() -> None:
    known = _all_options(main)
    wrong = [
        f"{where}: {option}"
        for where, text in texts()
        if not where.startswith(_OF_OTHER_PROGRAMS)
        for option in _OPTION.findall(text)
        if option not in known
    ]
    assert not wrong, "\n".join(wrong)


def test_every_function_table_and_view_that_is_named_is_there(engine: Engine) -> None:
    with engine.connect() as connection:
        known = set(
            connection.scalars(
                sa.text(
                    "select proname from pg_proc where pronamespace = 'clipsql'::regnamespace"
                    " union select relname from pg_class where relnamespace = 'clipsql'::regnamespace"
                )
            )
        )
    settings = {name for _, text in texts() for name in _SETTING.findall(text)}
    known |= settings | set(dir(import_module("clipsql")))
    known |= {"alembic_version"}  # by which a database of before the first release is known
    wrong = [
        f"{where}: clipsql.{name}"
        for where, text in texts()
        for name in _SQL_NAME.findall(text)
        # Link tables are called after the tables of the page's reader.
        if name not in known and not _is_module(name) and not name.endswith("_picture")
    ]
    assert not wrong, "\n".join(wrong)


def _is_module(name: str) -> bool:
    return (ROOT / "clipsql" / name).is_dir() or (ROOT / "clipsql" / f"{name}.py").is_file()


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        pytest.param('"clipsql db upgrade"', False, id="a command"),
        pytest.param('"clipsql db upgrad"', True, id="a command that is not there"),
        pytest.param('"clipsql upgrade"', True, id="without its group"),
        pytest.param('"clipsql index build --rebuild"', False, id="an option"),
        pytest.param('"clipsql index build --again"', True, id="an option that is not there"),
        pytest.param("clipsql index status --rebuild", True, id="another command's option"),
        pytest.param("clipsql --log-format json worker --lease 5", False, id="options of the group"),
        pytest.param("clipsql expects a table", False, id="a sentence"),
    ],
)
def test_a_wrong_name_is_noticed(line: str, is_wrong: bool) -> None:
    found = _COMMAND.search(line)
    assert found is not None
    assert (problem(found["quote"], found["rest"]) is not None) is is_wrong
