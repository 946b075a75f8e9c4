"""The page of thumbnails: nothing on it comes from elsewhere, nothing that a source says is run."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from PIL import Image

from clipsql.search.page import Section, write_page
from clipsql.search.results import Match, WordWeight


def match(image_id: int, **changes: object) -> Match:
    facts: dict[str, object] = {
        "rank": image_id,
        "image_id": image_id,
        "similarity": 0.25,
        "url": "https://pictures.example/1",
        "caption": None,
        "taken_at": None,
        "longitude": None,
        "latitude": None,
        "metadata": {},
    }
    return Match(**(facts | changes))  # type: ignore[arg-type]


def page(
    tmp_path: Path,
    *matches: Match,
    title: str = "dogs",
    files: dict[int, Path] | None = None,
    thumbnails: dict[int, bytes] | None = None,
) -> str:
    write_page(
        tmp_path / "page.html",
        title=title,
        sections=[Section(title, matches)],
        files=files or {},
        thumbnails=thumbnails or {},
    )
    return (tmp_path / "page.html").read_text("utf-8")


def test_a_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    Image.new("RGB", (900, 600), "red").save(tmp_path / "a.jpg")
    text = page(tmp_path, match(1), match(2), files={1: tmp_path / "a.jpg", 2: tmp_path / "gone.jpg"})
    assert text.count('src="data:image/jpeg;base64,') == 1
    assert re.findall(r'src="(?!data:)', text) == []
    assert re.search(r"<(script|link|iframe|object)\b|@import|url\(", text) is None
    assert "picture not on this machine" in text


def test_a_thumbnail_stands_in_for_a_file_that_is_gone(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        match(1),
        match(2),
        match(3),
        files={1: tmp_path / "gone.jpg"},
        thumbnails={1: b"of one", 2: b"of two"},
    )
    for jpeg in (b"of one", b"of two"):
        assert f'src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"' in text
    assert text.count("picture not on this machine") == 1


def test_what_a_source_says_is_text_and_not_markup(tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>'
    text = page(tmp_path, match(1, caption=evil, metadata={evil: evil}), title=evil)
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 4


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://pictures.example/1", True),
        ("file:///photos/1.jpg", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("s3://bucket/1.jpg", False),
    ],
)
def test_only_addresses_that_a_browser_may_open_are_linked(tmp_path: Path, url: str, is_linked: bool) -> None:
    assert ("href=" in page(tmp_path, match(1, url=url))) is is_linked


def test_the_words_of_a_text_are_bars_and_an_overlay_takes_the_place_of_its_picture(tmp_path: Path) -> None:
    words = [
        WordWeight(position=1, word="<red>", weight=0.25),
        WordWeight(position=2, word="truck", weight=0.75),
    ]
    overlays = {1: Image.new("RGB", (30, 20), "black")}
    section = Section("red truck", [match(1)], words=words, overlays=overlays)
    write_page(tmp_path / "page.html", title="why", sections=[section], files={}, thumbnails={})
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "&lt;red&gt;" in text
    assert 'style="width: 75.0%"' in text
    assert text.count("data:image/jpeg;base64,") == 1


def test_an_address_that_is_none_does_not_stop_the_page(tmp_path: Path) -> None:
    assert "image 1" in page(tmp_path, match(1, url="http://[broken"))
