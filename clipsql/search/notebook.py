"""Show matches as pictures in a notebook, in a piece of HTML that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources

import jinja2
from sqlalchemy.exc import SQLAlchemyError

from clipsql.errors import ClipsqlError
from clipsql.images.showing import jpeg_uri, safe_link, shrunk
from clipsql.search.results import Match
from clipsql.sources.inside import read_if_there

MOST_SHOWN = 60
"""Pictures are inside the notebook's file, which would not open with thousands of them."""

_MARKUP = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


def as_html(
    matches: Sequence[Match],
    *,
    thumbnails: Callable[[Sequence[int]], Mapping[int, bytes]] = lambda _ids: {},
) -> str:
    """The first 60 matches as tiles: the picture from its file, else its stored thumbnail, else its url alone."""
    shown = matches[:MOST_SHOWN]
    pictures = {match.image_id: shrunk(read_if_there(match.file)) for match in shown}
    missing = [image_id for image_id, picture in pictures.items() if picture is None]
    if missing:
        try:
            kept = thumbnails(missing)
        except (ClipsqlError, SQLAlchemyError):
            kept = {}  # the database is closed by now: what is known of the matches is shown all the same
        pictures.update((image_id, jpeg_uri(jpeg)) for image_id, jpeg in kept.items())
    template = _MARKUP.from_string(resources.files(__package__).joinpath("notebook.html").read_text("utf-8"))
    return template.render(
        tiles=[(match, pictures[match.image_id], safe_link(match.url)) for match in shown],
        further=len(matches) - len(shown),
    )
