"""The page of clients names every client that a test judges by."""

from __future__ import annotations

from pathlib import Path

from clients.documented import PAGE


def test_the_page_names_the_test_of_every_client() -> None:
    tests = {file.name for file in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    tests = {name for name in tests if not name.startswith("test_study_")}  # long, but of no client
    page = PAGE.read_text("utf-8")
    assert [name for name in sorted(tests) if f"(../tests/clients/{name})" not in page] == []
