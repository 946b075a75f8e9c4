"""`clipsql watch`: what is looked for in pictures to come, and its alarms."""

from __future__ import annotations

from typing import Any

import click

from clipsql.cli.options import (
    Command,
    Duration,
    database_option,
    encoder_options,
    filter_options,
    json_option,
)
from clipsql.cli.output import agree, show_json
from clipsql.cli.watch_following import follow_model
from clipsql.cli.watch_outbox import deliver, follow
from clipsql.cli.watch_tables import range_text
from clipsql.cli.watch_told import alerts, list_, test
from clipsql.config import Settings
from clipsql.db.calls.watching import WatchOptions
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.search.searcher import Searcher


@click.group()
def watch() -> None:
    """Look for things in pictures to come: each one that is similar enough raises an alarm.

    \b
    clipsql watch add "red lorry" "a red truck" --in-collection gate --alarms-per-day 5
    clipsql watch test "red lorry" --taken-from 2026-03-01
    clipsql watch alerts "red lorry"
    """


def _named(command: Command) -> Command:
    return watch.command()(click.argument("name")(database_option(command)))


@watch.command()
@click.argument("name")
@click.argument("query", required=False)
@click.option(
    "--image",
    "images",
    type=int,
    multiple=True,
    metavar="IMAGE",
    help="A stored picture; of several, all of one object, the most similar counts.",
)
@click.option(
    "--alarms-per-day", type=float, metavar="NUMBER", help="As often in the pictures that are there."
)
@click.option(
    "--min-percentile", type=float, metavar="0..100", help="Better than this share of the collection."
)
@click.option("--min-similarity", type=float, metavar="COSINE")
@click.option(
    "--once-per", type=Duration(), metavar="DURATION", help="One alarm in each such period: 15m, 1h, 1d."
)
@click.option(
    "--once-per-key", metavar="KEY", help="Of each value that the metadata have for it, such as camera."
)
@filter_options
@encoder_options
@json_option
@database_option
def add(
    settings: Settings,
    name: str,
    query: str | None,
    images: tuple[int, ...],
    options: WatchOptions,
    timezone: str,
    device: str | None,
    dtype: str | None,
    as_json: bool,
    **threshold: Any,
) -> None:
    """Watch under NAME for pictures that QUERY describes, or that are like stored ones; or change the watch NAME.

    QUERY is one of "clipsql search query": words, pictures such as image:42 and ./lorry.jpg, and weights. Give one of
    --alarms-per-day, --min-percentile and --min-similarity. The past decides what a number of alarms means, and it is
    said what to expect of a day; where the past is too short to tell, so is that.

    \b
    clipsql watch add "red lorry" "a red truck" --in-collection gate --alarms-per-day 5
    clipsql watch add stolen --image 17 --image 42 --min-similarity 0.8 --once-per 1h
    clipsql watch add fog 'fog + 0.5*./foggy.jpg - snow' --min-percentile 99.9
    """
    options.update({key: value for key, value in threshold.items() if value is not None})  # type: ignore[typeddict-item]
    with open_database(settings) as engine:
        searcher = Searcher(
            engine, model=options.pop("model", None), device=device, dtype=dtype, timezone=timezone
        )
        watch_id = searcher.watch(
            name,
            query,
            image=images[0] if len(images) == 1 else None,
            images=images if len(images) > 1 else None,
            **options,
        )
        made = next(one for one in searcher.watches() if one.watch_id == watch_id)
    if as_json:
        show_json(made)
        return
    click.echo(f"Watch {name} raises an alarm from a similarity of {made.min_similarity:.3f} on.")
    if made.alarms_low is not None:
        click.echo(f"Expect {range_text(made.alarms_low, made.alarms_high)} alarms a day, in 95 of 100 days.")


@watch.command()
@click.argument("alert", type=int)
@click.argument("verdict", type=click.Choice(("right", "wrong", "none")))
@database_option
def judge(settings: Settings, alert: int, verdict: str) -> None:
    """Say whether the alarm ALERT was right or wrong: is the picture what was looked for? None takes that back.

    \b
    clipsql watch judge 17 wrong
    """
    with open_database(settings) as engine:
        Searcher(engine).judge_alert(alert, {"right": True, "wrong": False}.get(verdict))


@_named
def pause(settings: Settings, name: str) -> None:
    """Have the watch NAME raise nothing until it goes on.

    \b
    clipsql watch pause "red lorry"
    """
    with open_database(settings) as engine:
        Searcher(engine).pause_watch(name)


@_named
def resume(settings: Settings, name: str) -> None:
    """Let the watch NAME go on with the pictures that come from now on.

    \b
    clipsql watch resume "red lorry"
    """
    with open_database(settings) as engine:
        Searcher(engine).resume_watch(name)


@watch.command()
@click.option("--model", metavar="NAME", help="The model; the default one unless given.")
@database_option
def move(settings: Settings, model: str | None) -> None:
    """Have watches compare the embeddings of another model, as "clipsql model use" and an idle worker do by themselves.

    Rates and percentiles are found again in the pictures that the model knows. Other watches stay as they are, and
    "clipsql watch list" says why.

    \b
    clipsql watch move
    """
    with open_database(settings) as engine:
        chosen = require_model(engine, model)
        click.echo(f"{follow_model(engine, chosen):,} watches moved to model {chosen.name}.")


@_named
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(settings: Settings, name: str, yes: bool) -> None:
    """Remove the watch NAME with its alarms.

    \b
    clipsql watch remove "red lorry"
    """
    with open_database(settings) as engine:
        agree(f"Remove the watch {name} with its alarms?", yes=yes)
        Searcher(engine).unwatch(name)


for told in (list_, test, alerts, follow, deliver):
    watch.add_command(told)
