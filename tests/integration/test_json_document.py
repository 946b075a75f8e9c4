"""`clipsql search ... --json-document` answers what clipsql.search_request answers in SQL."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy.engine import Engine

from clipsql.search.searcher import Searcher


@pytest.fixture
def pictures(engine: Engine) -> Searcher:
    """Three pictures of a space; their times have all the digits that a time may have."""
    searcher = Searcher(engine)
    searcher.add_model("space", dimensions=3)
    moment = dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    for number, (vector, microsecond) in enumerate(
        [([1, 0, 0], 0), ([1, 1, 0], 120_000), ([1, 1, 1], 123_456), ([0.1, 0.2, 0.3], None)]
    ):
        taken_at = None if microsecond is None else moment.replace(microsecond=microsecond)
        searcher.put(
            "c", f"file:///pictures/{number}.jpg", embedding=vector, taken_at=taken_at, captions=[f"Ä {number}"],
            metadata={"n": number, "of": ["ü", None]}, longitude=3.1, latitude=-4.2,
        )  # fmt: skip
    return searcher


def document(clipsql: Callable[..., Result], *arguments: str) -> dict[str, Any]:
    done = clipsql("search", *arguments, "--json-document")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_command_answers_as_sql_does(clipsql: Callable[..., Result], pictures: Searcher) -> None:
    first = pictures.search([1, 0, 0])[0].image_id
    answer = document(clipsql, "like", str(first), "--max-results", "3", "--timezone", "Asia/Tokyo")
    assert answer == pictures.search_request({"image": first, "max_results": 3})
    assert [match["taken_at"] for match in answer["matches"]] == [
        "2025-01-02T03:04:05.12Z",
        "2025-01-02T03:04:05.123456Z",
        None,
    ]
    query = f"2*image:{first}"
    assert document(clipsql, "query", query) == pictures.search_request({"query": query})
    later = ("--taken-from", "2030-01-01T00:00:00Z")
    assert document(clipsql, "like", str(first), *later) == {"model": "space", "matches": []}


def test_lines_and_a_document_exclude_each_other(clipsql: Callable[..., Result], pictures: Searcher) -> None:
    first = pictures.search([1, 0, 0])[0].image_id
    done = clipsql("search", "like", str(first), "--json", "--json-document")
    assert done.exit_code == 2
    assert "--json and --json-document exclude each other" in done.stderr
    lines = clipsql("search", "like", str(first), "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        match.to_dict() for match in pictures.search_similar(first)
    ]
