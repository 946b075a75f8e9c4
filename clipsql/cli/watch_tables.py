"""Watches and alarms as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from clipsql.cli.output import show_table
from clipsql.watching.watches import AlertRow, WatchRow

WATCH: dict[str, Callable[[WatchRow], object]] = {
    "watch": lambda one: one.name,
    "looks for": lambda one: (
        one.query or (one.images and ", ".join(f"image:{image}" for image in one.images))
    ),
    "from": lambda one: f"{one.min_similarity:.3f}",
    "a day": lambda one: one.alarms_low is not None and range_text(one.alarms_low, one.alarms_high),
    "alarms": lambda one: one.alerts,
    "repeats": lambda one: one.repeats,
    "last": lambda one: one.last_raised_at,
    "judged": lambda one: one.judged,
    "precision": lambda one: (
        one.precision is not None
        and f"{one.precision:.2f} ({one.precision_low:.2f} to {one.precision_high:.2f})"
    ),
    "better from": lambda one: one.proposed_min_similarity and f"{one.proposed_min_similarity:.3f}",
    "state": lambda one: (
        "paused"
        if one.is_paused
        else "its model was removed"
        if one.model is None
        else one.problem or "watching"
    ),
}
ALERT: dict[str, Callable[[AlertRow], object]] = {
    "alert": lambda one: one.alert_id,
    "watch": lambda one: one.watch,
    "image": lambda one: one.image_id,
    "similarity": lambda one: f"{one.similarity:.3f}",
    "percentile": lambda one: one.percentile is not None and f"{one.percentile:.1f}",
    "repeats": lambda one: one.repeats,
    "raised at": lambda one: one.raised_at,
    "taken at": lambda one: one.taken_at,
    "verdict": lambda one: {True: "right", False: "wrong", None: None}[one.verdict],
    "url": lambda one: one.url,
}


def show_facts(found: Iterable[Any], facts: dict[str, Callable[[Any], object]]) -> None:
    """A table without the columns in which nobody has anything."""
    held = [[value or None for value in (fact(one) for fact in facts.values())] for one in found]
    kept = [number for number in range(len(facts)) if any(row[number] is not None for row in held)]
    show_table([list(facts)[number] for number in kept], ([row[number] for number in kept] for row in held))


def range_text(low: float, high: float | None) -> str:
    """What lies between two rates."""
    return f"{low:.1f} to {high:.1f}"
