"""docs/reference/ is what the commands' help and the database's comments say now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "make_reference.py"


@pytest.fixture
def pages(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The pages as the script writes them now, from a narrow terminal."""
    monkeypatch.setenv("COLUMNS", "40")
    spec = importlib.util.spec_from_file_location("make_reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with engine.connect() as connection:
        made: dict[str, str] = script.pages(connection)
    return made


def test_the_reference_is_not_stale(pages: dict[str, str]) -> None:
    written = {file.name: file.read_text("utf-8") for file in (SCRIPT.parent / "reference").iterdir()}
    stale = [name for name in pages.keys() | written.keys() if pages.get(name) != written.get(name)]
    assert not stale, f"{sorted(stale)}: run python docs/make_reference.py"


def test_the_reference_is_the_same_on_any_machine(pages: dict[str, str]) -> None:
    text = "".join(pages.values())
    assert str(Path.home()) not in text
    assert str(SCRIPT.parents[1]) not in text
    assert 90 < max(map(len, pages["commands.md"].splitlines())) <= 100
