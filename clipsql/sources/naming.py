"""How a list names pictures that are stored already."""

from __future__ import annotations

from pathlib import Path

from clipsql.picture import is_on_the_web
from clipsql.sources.files import find_file


def picture_name(listed_in: Path, name: object) -> tuple[str, str | None] | None:
    """A picture's url, file or image_id as a list has it, and the address of the file of that name beside the list.

    None for what names no picture.
    """
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or name == "" or "\0" in name:
        return None
    return name, None if is_on_the_web(name) else find_file(listed_in.resolve().parent, name).as_uri()
