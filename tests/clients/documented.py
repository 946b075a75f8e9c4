"""The examples of docs/clients.md and its neighbours, which the client tests run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "clients.md"


def examples(heading: str, page: str = PAGE.name) -> list[str]:
    """The fenced blocks below a heading of the page, from top to bottom."""
    _, found, rest = (DOCS / page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, f"docs/{page} has no heading {heading}"
    return re.findall(r"^```\w+\n(.*?)^```$", rest.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
