"""Pages of watches: the latest alarms of each, and what one would have raised day by day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import Engine

from clipsql.cli.search import write_matches
from clipsql.cli.watch_tables import WATCH
from clipsql.search.page import Days, Section
from clipsql.search.searcher import Searcher
from clipsql.search.stored import matches_of
from clipsql.watching.watches import AlertRow, BacktestDay, WatchRow, similarities_to

ALARMS_ON_PAGE = 12
"""The latest of each watch."""


def write_watches(path: Path, engine: Engine, watches: Sequence[WatchRow]) -> None:
    """Write a page of watches, each with its latest alarms, latest first."""
    searcher = Searcher(engine)
    sections = []
    for one in watches:
        alerts = searcher.alerts(one.name, max_results=ALARMS_ON_PAGE)
        sections.append(
            Section(
                one.name,
                matches_of(
                    engine, {alert.image_id: (alert.similarity, alert.percentile) for alert in alerts}
                ),
                summary=_summary(one),
                remarks={alert.image_id: _remark(alert) for alert in alerts},
            )
        )
    write_matches(path, sections, searcher)


def write_backtest(path: Path, engine: Engine, watch: WatchRow, days: Sequence[BacktestDay]) -> None:
    """Write a page of what a watch would have raised: the alarms of each day, and the best picture of each."""
    best = {day.best_image_id: day for day in days if day.best_image_id is not None}
    similar = similarities_to(engine, watch.watch_id, list(best))
    section = Section(
        watch.name,
        matches_of(engine, {image_id: (similar[image_id], None) for image_id in best}),
        summary=f"{_summary(watch)} · below: the best picture of each day",
        days=Days({day.day: day.alarms for day in days}, days[0].alarms_low, days[0].alarms_high),
        remarks={
            image_id: f"best of {day.alarms} alarm{'' if day.alarms == 1 else 's'} on {day.day:%a %d %b %Y}"
            for image_id, day in best.items()
        },
    )
    write_matches(path, [section], Searcher(engine))


def _summary(watch: WatchRow) -> str:
    facts = {name: fact(watch) for name, fact in WATCH.items()}
    told = {
        "looks for": "looks for {}",
        "from": "alarms from a similarity of {} on",
        "a day": "{} expected a day",
        "alarms": "{} raised",
        "repeats": "{} repeats",
        "precision": "precision {}",
        "better from": "better from {}",
        "state": "{}",
    }
    return " · ".join(words.format(facts[name]) for name, words in told.items() if facts[name])


def _remark(alert: AlertRow) -> str:
    told = [f"raised {alert.raised_at:%a %d %b %Y, %H:%M %Z}"]
    if alert.repeats:
        told.append(f"{alert.repeats} repeat{'' if alert.repeats == 1 else 's'}")
    if alert.verdict is not None:
        told.append("right" if alert.verdict else "wrong")
    return " · ".join(told)
