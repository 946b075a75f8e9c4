"""`clipsql count`: how many pictures are what is looked for, by verdicts of those who looked at some."""

from __future__ import annotations

import click

from clipsql.cli.options import database_option, encoder_options, filter_options, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db.calls.arguments import Filters
from clipsql.db.calls.counting import CountOptions
from clipsql.db.opening import open_database
from clipsql.search.searcher import Searcher

_BY = ("hour", "day", "week", "month", "year", "all")


@click.group()
def count() -> None:
    """Count what pictures show: look at a few dozen of them, and be told how many there are, and how sure that is.

    \b
    clipsql count next "a red truck" --in-collection gate
    clipsql count judge "a red truck" 17 right
    clipsql count matches "a red truck" --in-collection gate --by day
    """


@count.command()
@click.argument("query")
@click.option(
    "--by", type=click.Choice(_BY), default="day", show_default=True, help="Times that are counted apart."
)
@click.option(
    "--min-similarity",
    type=float,
    metavar="COSINE",
    help="Tell also how many are as similar, right or wrong.",
)
@filter_options
@encoder_options
@json_option
@database_option
def matches(
    settings: Settings,
    query: str,
    by: str,
    min_similarity: float | None,
    options: CountOptions,
    timezone: str,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Tell how many pictures match QUERY, with the range that holds the true number in 95 of 100 cases.

    It rests on what "clipsql count judge" was told. QUERY is one of "clipsql search query".

    \b
    clipsql count matches "a red truck" --by all
    """
    if min_similarity is not None:
        options["min_similarity"] = min_similarity
    with open_database(settings) as engine:
        searcher = Searcher(
            engine, model=options.pop("model", None), device=device, dtype=dtype, timezone=timezone
        )
        counts = searcher.count_matches(query, by=by, **options)
    if as_json:
        for one in counts:
            show_json(one)
        return
    show_table(
        (by, "matches", "low", "high", "checked", "above", "pictures"),
        (
            (
                one.bucket,
                *map(_number, (one.matches, one.low, one.high)),
                one.checked,
                one.above,
                one.pictures,
            )
            for one in counts
        ),
    )
    if counts and counts[0].matches is None:
        note(
            'Too few pictures were checked to tell how many match; "clipsql count next" picks what to look at.'
        )


@count.command(name="next")
@click.argument("query")
@click.option("--max-results", type=click.IntRange(min=1), default=10, show_default=True)
@filter_options
@encoder_options
@json_option
@database_option
def next_(
    settings: Settings,
    query: str,
    max_results: int,
    options: Filters,
    timezone: str,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Pick the pictures whose checking tells most of how many match QUERY.

    Look at all of them, and tell "clipsql count judge" what they show. Those left out come first the next time.

    \b
    clipsql count next "a red truck" --max-results 30
    """
    with open_database(settings) as engine:
        searcher = Searcher(
            engine, model=options.pop("model", None), device=device, dtype=dtype, timezone=timezone
        )
        found = searcher.next_to_check(query, max_results=max_results, **options)
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note("All pictures that pass the filters were checked.")
    else:
        show_table(
            ("image", "similarity", "taken at", "url"),
            ((one.image_id, f"{one.similarity:.3f}", one.taken_at, one.url) for one in found),
        )


@count.command()
@click.argument("query")
@click.argument("image", type=int)
@click.argument("verdict", type=click.Choice(("right", "wrong", "none")))
@database_option
def judge(settings: Settings, query: str, image: int, verdict: str) -> None:
    """Say whether the picture IMAGE is what QUERY looks for: right or wrong. None takes that back.

    \b
    clipsql count judge "a red truck" 17 wrong
    """
    with open_database(settings) as engine:
        Searcher(engine).judge_match(query, image, {"right": True, "wrong": False}.get(verdict))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
