"""The examples of docs/clients.md and its like, which the client tests run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "clients.md"


def examples(heading: str, *, page: str = PAGE.name) -> list[str]:
    """The fenced blocks below a heading of a page, from top to bottom."""
    _, found, rest = PAGE.with_name(page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, f"docs/{page} has no heading {heading}"
    return re.findall(r"^```\w+\n(.*?)^```$", rest.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
