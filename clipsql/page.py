"""Write matches as one self-contained HTML page of thumbnails."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from PIL import Image

from clipsql.errors import ImageError
from clipsql.images.decoding import decode
from clipsql.judging import WordWeight
from clipsql.searching import Match

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


def write_page(path: Path, *, title: str, sections: Sequence[Section], files: Mapping[int, Path]) -> None:
    """Write a page with a thumbnail, caption, similarity, percentile, time and place of each match, section by section.

    `files` are the local files of pictures by image_id; a picture without one has no thumbnail. Raises OSError.
    """
    template = _MARKUP.from_string(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    shown = [
        (
            section,
            [
                _Card(match, _shown(match.image_id, section.overlays, files), _link(match.url))
                for match in section.matches
            ],
        )
        for section in sections
    ]
    path.write_text(template.render(title=title, sections=shown), encoding="utf-8")


def _shown(image_id: int, overlays: Mapping[int, Image.Image], files: Mapping[int, Path]) -> str | None:
    return _data_uri(overlays[image_id]) if image_id in overlays else _thumbnail(files.get(image_id))


def _thumbnail(file: Path | None) -> str | None:
    """A small JPEG as data URI; None when the picture is not on this machine any more."""
    if file is None:
        return None
    try:
        picture = decode(file.read_bytes(), target_size=_THUMBNAIL_SIZE).pixels
    except (OSError, ImageError):
        return None
    picture.thumbnail((_THUMBNAIL_SIZE, _THUMBNAIL_SIZE), Image.Resampling.LANCZOS)
    return _data_uri(picture)


def _data_uri(picture: Image.Image) -> str:
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(held.getvalue()).decode()


def _link(url: str) -> str | None:
    """The URL when a browser may safely open it."""
    try:
        return url if urlsplit(url).scheme in ("http", "https", "file") else None
    except ValueError:  # it is none
        return None
