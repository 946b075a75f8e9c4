"""Write matches as one self-contained HTML page of thumbnails."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from PIL import Image

from clipsql.errors import ImageError
from clipsql.images.decoding import decode
from clipsql.images.storing import small_jpeg
from clipsql.search.results import Match, WordWeight
from clipsql.sources.inside import read_file

_THUMBNAIL_SIZE = 320
_MARKUP = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class Section:
    """A heading, the matches below it, and what led to them: the SQL, or the words of the text with their weights.

    A picture in `overlays`, by image_id, is shown in place of its file.
    """

    title: str
    matches: Sequence[Match]
    sql: str | None = None
    words: Sequence[WordWeight] = ()
    overlays: Mapping[int, Image.Image] = field(default_factory=dict)


@dataclass(frozen=True)
class _Card:
    match: Match
    thumbnail: str | None
    link: str | None


def write_page(
    path: Path,
    *,
    title: str,
    sections: Sequence[Section],
    files: Mapping[int, Path],
    thumbnails: Mapping[int, bytes],
) -> None:
    """Write a page with a thumbnail, caption, similarity, percentile, time and place of each match, section by section.

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
                    or _shrunk(files.get(match.image_id))
                    or _as_uri(thumbnails.get(match.image_id)),
                    _link(match.url),
                )
                for match in section.matches
            ],
        )
        for section in sections
    ]
    path.write_text(template.render(title=title, sections=shown), encoding="utf-8")


def _overlay(picture: Image.Image | None) -> str | None:
    return None if picture is None else _as_uri(small_jpeg(picture, side=max(picture.size))[0])


def _shrunk(file: Path | None) -> str | None:
    """The picture in a file as a small JPEG; None when the picture is not on this machine any more."""
    if file is None:
        return None
    try:
        picture = decode(read_file(file), target_size=_THUMBNAIL_SIZE).pixels
    except (OSError, ImageError):
        return None
    return _as_uri(small_jpeg(picture, side=_THUMBNAIL_SIZE)[0])


def _as_uri(jpeg: bytes | None) -> str | None:
    return None if jpeg is None else "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _link(url: str) -> str | None:
    """The URL when a browser may safely open it."""
    try:
        return url if urlsplit(url).scheme in ("http", "https", "file") else None
    except ValueError:  # it is none
        return None
