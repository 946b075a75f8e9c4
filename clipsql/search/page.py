"""Write matches as one self-contained HTML page of thumbnails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import jinja2
from PIL import Image

from clipsql.images.showing import jpeg_uri, plays, safe_link, shrunk
from clipsql.images.storing import small_jpeg
from clipsql.search.results import Match, WordWeight
from clipsql.sources.inside import read_if_there

_MARKUP = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class Days:
    """How many there were on each day, and between what a day to come lies in 95 of 100 cases."""

    counts: Mapping[dt.date, int]
    low: float
    high: float

    @property
    def top(self) -> float:
        """What the height of a drawing stands for."""
        return 1.2 * max(self.high, 1.0, *self.counts.values())


@dataclass(frozen=True)
class Section:
    """A heading, the matches below it, and what led to them: the SQL, or the words of the text with their weights.

    The `summary` says what the matches are, a search's unless given. `remarks` are of pictures, by image_id. A picture
    in `overlays` is shown in place of its file. Of the metadata `columns` are shown, in that order; all where it is
    empty.
    """

    title: str
    matches: Sequence[Match]
    summary: str | None = None
    days: Days | None = None
    remarks: Mapping[int, str] = field(default_factory=dict)
    sql: str | None = None
    words: Sequence[WordWeight] = ()
    overlays: Mapping[int, Image.Image] = field(default_factory=dict)
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class _Card:
    match: Match
    thumbnail: str | None
    link: str | None
    is_film: bool
    file: Path | None
    metadata: str


def write_page(
    path: Path,
    *,
    title: str,
    sections: Sequence[Section],
    files: Mapping[int, Path],
    thumbnails: Mapping[int, bytes],
) -> None:
    """Write a page of the matches, section by section: a thumbnail of each, and all that is known of it.

    `files` are the local files of pictures by image_id, `thumbnails` small JPEGs of such as have no file or whose
    file is gone; a picture with neither is shown without. Raises OSError.
    """
    template = _MARKUP.from_string(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    shown = [
        (
            section,
            [
                _Card(
                    match,
                    _overlay(section.overlays.get(match.image_id))
                    or shrunk(read_if_there(files.get(match.image_id)))
                    or jpeg_uri(thumbnails.get(match.image_id)),
                    safe_link(match.url),
                    plays(match.url),
                    files.get(match.image_id),
                    " · ".join(
                        f"{name}: {match.shown(name)}"
                        for name in section.columns or match.metadata
                        if name in match.metadata
                    ),
                )
                for match in section.matches
            ],
        )
        for section in sections
    ]
    path.write_text(template.render(title=title, sections=shown), encoding="utf-8")


def _overlay(picture: Image.Image | None) -> str | None:
    return None if picture is None else jpeg_uri(small_jpeg(picture, side=max(picture.size))[0])
