"""What the pages for the next developer name is there, and the checks before a commit are those of CI."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"]
FOLDERS = ("benchmarks", "clipsql", "docs", "examples", "migrations", "sql", "tests")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(rf"(?<![\w/.~])(?:\.ci|{'|'.join(FOLDERS)})/[\w./-]*", page.read_text("utf-8"))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_a_filter_stands_where_the_page_says() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    guide = page[page.index("## Add a filter") : page.index("## Habits")]
    places = [ROOT / name for name in re.findall(r"`((?:sql|clipsql|tests|docs)/[\w./-]+)`", guide)]
    assert len(places) >= 6
    for place in places:
        files = [place] if place.is_file() else list(place.iterdir())
        assert any(re.search("caption.query", file.read_text("utf-8")) for file in files), place


def test_the_checks_before_a_commit_are_those_of_ci_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    commands = {hook["entry"] for hook in hooks}
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert commands == {line.removesuffix(" .") for line in lines if line.startswith(".venv/bin/")}
