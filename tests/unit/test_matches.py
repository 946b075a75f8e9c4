"""Matches are plain lists of plain records that a notebook shows as pictures."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clipsql.errors import DatabaseUnreachable
from clipsql.images.storing import small_jpeg
from clipsql.search.results import HybridMatch, Match, Matches


def match(number: int, **facts: Any) -> Match:
    known: dict[str, Any] = {
        "rank": number,
        "image_id": number,
        "similarity": 0.25,
        "url": f"https://pictures.example/{number}.jpg",
        "caption": None,
        "taken_at": None,
        "longitude": None,
        "latitude": None,
        "metadata": {},
    }
    return Match(**{**known, **facts})


def thumbnails(image_ids: Sequence[int]) -> dict[int, bytes]:
    return {one: small_jpeg(Image.new("RGB", (8, 8), "red"), side=8)[0] for one in image_ids if one != 3}


def test_a_match_becomes_json() -> None:
    one = match(
        1,
        taken_at=dt.datetime(2025, 1, 2, 3, tzinfo=dt.UTC),
        metadata={"camera": {"name": "Ä"}, "n": [1, None]},
        file=Path("/pictures/1.jpg"),
        caption="Ä",
    )
    assert json.loads(json.dumps(one.to_dict())) == {
        "rank": 1,
        "image_id": 1,
        "similarity": 0.25,
        "url": "https://pictures.example/1.jpg",
        "caption": "Ä",
        "taken_at": "2025-01-02T03:00:00+00:00",
        "longitude": None,
        "latitude": None,
        "metadata": {"camera": {"name": "Ä"}, "n": [1, None]},
        "percentile": None,
        "percentile_error": None,
        "file": "/pictures/1.jpg",
    }
    assert match(2).to_dict()["file"] is None
    hybrid = HybridMatch(**{**match(1).__dict__, "score": 0.5})
    assert hybrid.to_dict()["score"] == 0.5


def test_matches_are_a_list_for_everybody_else() -> None:
    plain = [match(1), match(2), match(3)]
    found = Matches(plain, thumbnails=thumbnails)
    assert isinstance(found, list)
    assert found == plain
    assert plain == found
    assert Matches() == []
    assert (found[0], found[-1], found[1:], [*reversed(found)]) == (
        plain[0],
        plain[2],
        plain[1:],
        plain[::-1],
    )
    assert json.dumps([1, *Matches()]) == "[1]"
    assert json.dumps(Matches([1, 2])) == "[1, 2]"  # type: ignore[type-var]
    for again in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert type(again) is list
        assert again == plain


def test_a_picture_is_shown_from_its_file_else_its_thumbnail_else_as_a_link(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10), "green").save(tmp_path / "1.png")
    asked: list[Sequence[int]] = []

    def kept(image_ids: Sequence[int]) -> dict[int, bytes]:
        asked.append(image_ids)
        return thumbnails(image_ids)

    found = Matches(
        [match(1, file=tmp_path / "1.png"), match(2, file=tmp_path / "gone.png"), match(3)], thumbnails=kept
    )
    assert asked == []  # before anybody looks
    tiles = found._repr_html_().split("<figure")[1:]
    assert asked == [[2, 3]]
    assert ["data:image/jpeg" in tile for tile in tiles] == [True, True, False]
    assert '<a href="https://pictures.example/3.jpg">' in tiles[2]
    assert "image 3" in tiles[2]
    assert found[1:]._repr_html_().count("data:image/jpeg") == 1
    assert "data:image/jpeg" in found[0]._repr_html_()
    assert "data:image/jpeg" not in found[1]._repr_html_()


def test_what_others_wrote_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    for one in (match(1, caption=evil), match(1, url=evil), match(1, url=f"https://x/{evil}")):
        html = Matches([one])._repr_html_()
        assert "<script" not in html
        assert evil not in html
    assert "href" not in match(1, url="javascript:alert(1)")._repr_html_()


def test_many_matches_are_counted_and_the_first_shown() -> None:
    html = Matches([match(number) for number in range(1, 1063)])._repr_html_()
    assert html.count("<figure") == 60
    assert "and 1,002 more" in html
    assert "more" not in Matches([match(number) for number in range(1, 61)])._repr_html_()
    assert "No picture matches." in Matches()._repr_html_()


def test_matches_are_shown_after_the_database_is_gone() -> None:
    def away(_image_ids: Sequence[int]) -> dict[int, bytes]:
        raise DatabaseUnreachable("Cannot reach it.")

    assert "image 1" in Matches([match(1)], thumbnails=away)._repr_html_()


@pytest.mark.parametrize("percentage", [0.0, -0.5])
def test_a_similarity_is_shown_as_it_is(percentage: float) -> None:
    assert f"{percentage:.3f}" in match(1, similarity=percentage)._repr_html_()
