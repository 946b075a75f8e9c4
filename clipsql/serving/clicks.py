"""What people open of a search by a picture and a text: examples of what was meant, for `clipsql fusion fit`."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


async def note_click(file: Path, terms: Sequence[Any], opened: int) -> None:
    """Add the picture that was opened to the file, a JSON object a line, when the terms are one picture and one text.

    What cannot be written is told in the log: the picture is shown all the same.
    """
    by_kind = {term.kind: term for term in terms}
    if len(terms) != 2 or by_kind.keys() != {"image", "text"} or any(term.weight != 1 for term in terms):
        return
    asked = by_kind["image"].image_id
    if asked != opened:
        line = json.dumps(
            {"picture": asked, "text": by_kind["text"].body, "wanted": opened}, ensure_ascii=False
        )
        try:
            await asyncio.to_thread(_append, file, line + "\n")
        except OSError as error:
            _log.warning("A click cannot be kept in %s: %s.", file, error.strerror)


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as clicks:
        clicks.write(line)
