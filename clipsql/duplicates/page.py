"""Write copies beside the pictures that are kept, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2

from clipsql.db.duplicates import FoundPicture
from clipsql.duplicates.finding import Copy, Pair
from clipsql.images.hashing import look
from clipsql.images.showing import SHOWN_SIDE, jpeg_uri, safe_link, shrunk
from clipsql.images.storing import small_jpeg
from clipsql.sources.inside import read_if_there

MOST_PAIRS = 500
"""Pairs on a page: more than anyone looks at, and as many as a browser opens gladly."""

_MARKUP = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class _Side:
    role: str
    picture: FoundPicture
    source: str | None
    is_blurred: bool
    link: str | None


@dataclass(frozen=True)
class _Row:
    sides: tuple[_Side, _Side]
    copy: Copy


def write_pairs(
    path: Path,
    pairs: Sequence[Pair],
    *,
    remarks: Sequence[str],
    thumbnails: Mapping[int, bytes],
    fingerprints: Mapping[int, bytes],
) -> None:
    """Write a page of pairs, the picture that is kept to the left; `remarks` stand above them.

    Nothing is fetched, now or when the page is opened: of a picture whose file is not on this machine its thumbnail
    shows, else the blur that its fingerprint knows, by image_id. Raises OSError.
    """

    def side(role: str, picture: FoundPicture) -> _Side:
        sharp = shrunk(read_if_there(picture.file)) or jpeg_uri(thumbnails.get(picture.image_id))
        blur = None if sharp else _blur(picture, fingerprints.get(picture.image_id))
        return _Side(role, picture, sharp or blur, blur is not None, safe_link(picture.url))

    template = _MARKUP.from_string(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    rows = [_Row((side("kept", pair.kept), side("copy", pair.copy.picture)), pair.copy) for pair in pairs]
    path.write_text(template.render(rows=rows, remarks=remarks), encoding="utf-8")


def _blur(picture: FoundPicture, fingerprint: bytes | None) -> str | None:
    """What a fingerprint knows of a picture, in its shape."""
    if fingerprint is None:
        return None
    width, height = picture.width or 1, picture.height or 1
    longer = max(width, height)
    size = (max(1, SHOWN_SIDE * width // longer), max(1, SHOWN_SIDE * height // longer))
    return jpeg_uri(small_jpeg(look(fingerprint, size), side=SHOWN_SIDE)[0])
