"""`clipsql watch list`, `test` and `alerts`: what watches have told, or would have, as tables and pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from clipsql.cli.options import Instant, database_option, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.cli.watch_pages import write_backtest, write_watches
from clipsql.cli.watch_tables import ALERT, WATCH, range_text, show_facts
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.search.searcher import Searcher


def _html(told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help=told)


@click.command(name="list")
@_html("Also write a page of the latest alarms of each.")
@json_option
@database_option
def list_(settings: Settings, html: Path | None, as_json: bool) -> None:
    """Show all watches with what became of them.

    The precision is the share of the judged alarms that were right, with the range that holds the true share in 95 of
    100 cases. From ten judged alarms on, the threshold is proposed that would have parted right from wrong best.

    \b
    clipsql watch list
    clipsql watch list --html watches.html
    """
    with open_database(settings) as engine:
        watches = Searcher(engine).watches()
        if html is not None:
            write_watches(html, engine, watches)
    if as_json:
        for one in watches:
            show_json(one)
    elif not watches:
        note('There is no watch yet; "clipsql watch add" makes one.')
    else:
        show_facts(watches, WATCH)


@click.command()
@click.argument("name")
@click.option("--taken-from", type=Instant(), help="Not before; ISO 8601.")
@click.option("--taken-until", type=Instant(), help="Before.")
@_html("Also write a page of the days, and the best picture of each.")
@json_option
@database_option
def test(
    settings: Settings,
    name: str,
    taken_from: dt.datetime | None,
    taken_until: dt.datetime | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Tell what the watch NAME would have raised for the pictures that are there, exactly, day by day.

    Times without offset are UTC. Pictures that nobody knows the time of count when they were added.

    \b
    clipsql watch test "red lorry" --taken-from 2026-03-01
    clipsql watch test "red lorry" --html days.html
    """
    moments = [
        moment if moment is None or moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        for moment in (taken_from, taken_until)
    ]
    with open_database(settings) as engine:
        searcher = Searcher(engine)
        days = searcher.backtest(name, *moments)
        if html is not None and days:
            write_backtest(html, engine, next(one for one in searcher.watches() if one.name == name), days)
    if as_json:
        for day in days:
            show_json(day)
    elif not days:
        note("No picture of that time passes the filters.")
    else:
        show_table(
            ("day", "alarms", "best image"), ((day.day, day.alarms, day.best_image_id) for day in days)
        )
        low, high = days[0].alarms_low, days[0].alarms_high
        click.echo(f"Expect {range_text(low, high)} alarms a day, in 95 of 100 days.")


@click.command()
@click.argument("name", required=False)
@click.option("--max-results", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
@database_option
def alerts(settings: Settings, name: str | None, max_results: int, as_json: bool) -> None:
    """Show the newest alarms, of the watch NAME or of all, latest first.

    \b
    clipsql watch alerts "red lorry" --max-results 5
    """
    with open_database(settings) as engine:
        found = Searcher(engine).alerts(name, max_results=max_results)
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note("There is no alarm.")
    else:
        show_facts(found, ALERT)
