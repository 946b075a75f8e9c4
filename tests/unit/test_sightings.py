"""What a run has met of its source: each URL's first position, on disk."""

from __future__ import annotations

from contextlib import closing

import pytest

from clipsql.ingest.sightings import Sightings

URLS = ["a", "https://example.com/\udc80", "中文", "x" * 100_000, "\0"]


def test_the_first_position_of_a_url_is_kept() -> None:
    with closing(Sightings()) as sightings:
        assert sightings.first_positions([(url, f"line {n}") for n, url in enumerate(URLS)]) == {}
        assert sightings.first_positions([(url, "again") for url in [*URLS, "new"]]) == {
            url: f"line {n}" for n, url in enumerate(URLS)
        }
        assert [sightings.position(url) for url in ("a", "new", "none")] == ["line 0", "again", None]


def test_of_a_url_twice_in_one_batch_the_first_position_is_kept() -> None:
    with closing(Sightings()) as sightings:
        assert sightings.first_positions([("a", "1"), ("a", "2")]) == {}
        assert sightings.position("a") == "1"


def test_what_is_spared_is_there_without_a_position() -> None:
    with closing(Sightings()) as sightings:
        sightings.spare("a")
        sightings.spare("a")
        sightings.first_positions([("b", "1")])
        assert [sightings.has(url) for url in "abc"] == [True, True, False]
        assert sightings.position("a") is None


def test_nothing_is_kept_when_it_is_closed() -> None:
    sightings = Sightings()
    sightings.spare("a")
    sightings.close()
    with pytest.raises(Exception, match="closed"):
        sightings.has("a")


def test_a_batch_with_old_and_new_urls_tells_the_old_ones_alone() -> None:
    with closing(Sightings()) as sightings:
        sightings.first_positions([("a", "1"), ("b", "2")])
        again = sightings.first_positions([("c", "3"), ("a", "4"), ("c", "5"), ("a", "6")])
        assert again == {"a": "1"}
        assert sightings.position("c") == "3"
