"""`clipsql search moments`: from which second until which videos show what a text says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import click

from clipsql.cli.options import Duration, database_option, encoder_options, json_option, search_options
from clipsql.cli.output import note, show_json, show_table
from clipsql.cli.search import write_matches
from clipsql.config import Settings
from clipsql.db.calls.arguments import SearchOptions
from clipsql.db.opening import open_database
from clipsql.search.page import Section
from clipsql.search.results import MomentMatch
from clipsql.search.searcher import Searcher
from clipsql.search.stored import matches_at

_TOLD = "moments of videos, best first · similarity is the cosine of the best frame's embedding"


@click.command()
@click.argument("query")
@click.option(
    "--max-gap",
    type=Duration(),
    default="3s",
    show_default=True,
    help="Frames of a video that lie no further apart are one moment.",
)
@search_options
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page that plays them."
)
@encoder_options
@json_option
@database_option
def moments(
    settings: Settings,
    query: str,
    max_gap: dt.timedelta,
    options: SearchOptions,
    timezone: str,
    html: Path | None,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Find moments of videos that QUERY describes: from which second until which.

    \b
    clipsql search moments "a red truck" --in-collection gate --max-results 5
    clipsql search moments "a red truck" --max-gap 10s --html moments.html
    """
    model = options.pop("model", None)
    with open_database(settings) as engine:
        searcher = Searcher(engine, model=model, device=device, dtype=dtype, timezone=timezone)
        found = searcher.search_moments(query, max_gap=max_gap, **options)
        if html is not None:
            section = Section(query, matches_at(engine, found), summary=_TOLD)
            write_matches(html, [section], searcher)
    if as_json:
        for one in found:
            show_json(one)
    else:
        _show(found)


def _show(found: Sequence[MomentMatch]) -> None:
    """Moments of videos as a table."""
    if not found:
        note("No moment of a video matches.")
        return
    show_table(
        ("rank", "similarity", "from", "until", "image", "url"),
        (
            (
                one.rank,
                f"{one.similarity:.3f}",
                _clock(one.from_s),
                _clock(one.until_s),
                one.best_image_id,
                one.url,
            )
            for one in found
        ),
    )


def _clock(seconds: float) -> str:
    """Seconds as players show them: 0:01:02.5."""
    whole, tenths = divmod(round(10 * seconds), 10)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{tenths}"
