"""What collections hold, over all databases where their pictures lie."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy.engine import Engine

from clipsql.db import collections
from clipsql.db.shards.listing import where_pictures_lie

_COUNTS = ("images", "embedded", "pending", "failed", "captions")


def collection_stats(engine: Engine) -> list[dict[str, Any]]:
    """As `clipsql.db.collections.collection_stats`, of all shards together where there are some."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with where_pictures_lie(engine) as databases:
        for row in (row for one in databases for row in collections.collection_stats(one)):
            key = (row["collection"], row["model"] or "")
            found[key] = _together(found[key], row) if key in found else row
    return [found[key] for key in sorted(found)]


def failure_stats(engine: Engine) -> list[dict[str, Any]]:
    """As `clipsql.db.collections.failure_stats`, of all shards together where there are some."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with where_pictures_lie(engine) as databases:
        for row in (row for one in databases for row in collections.failure_stats(one)):
            known = found.setdefault((row["collection"], row["failure"]), {**row, "images": 0})
            known["images"] += row["images"]
    return sorted(found.values(), key=lambda row: (row["collection"], -row["images"], row["failure"]))


def list_collections(engine: Engine) -> list[tuple[str, int]]:
    """As `clipsql.db.collections.list_collections`, of all shards together where there are some."""
    pictures: Counter[str] = Counter()
    with where_pictures_lie(engine) as databases:
        for one in databases:
            pictures.update(dict(collections.list_collections(one)))
    return sorted(pictures.items())


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        **{name: one[name] + other[name] for name in _COUNTS},
        "first_taken_at": _first(min, one["first_taken_at"], other["first_taken_at"]),
        "last_taken_at": _first(max, one["last_taken_at"], other["last_taken_at"]),
    }


def _first(choose: Any, *times: Any) -> Any:
    return choose((time for time in times if time is not None), default=None)
