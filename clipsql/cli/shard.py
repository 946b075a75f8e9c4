"""`clipsql shard`: one collection over several servers."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table, warn
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.db.shards import moving
from clipsql.db.shards.adding import add_shard, remove_shard
from clipsql.db.shards.checking import check_shards
from clipsql.db.shards.listing import SLOTS, require_shard
from clipsql.errors import DatabaseNotReady
from clipsql.search.over_shards import add_models

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


@click.group()
def shard() -> None:
    """Pictures over several servers: this database asks them all, and holds no picture itself.

    \b
    clipsql shard add postgresql://clipsql:secret@north.example/pictures --name north
    clipsql shard list
    """


@shard.command()
@click.argument("url")
@click.option("--name", metavar="NAME", help="Default: the name of the database in URL.")
@database_option
def add(settings: Settings, url: str, name: str | None) -> None:
    """Make the database at URL a shard of this one, which becomes a coordinator by the first.

    The server of this database connects to URL, too, as the role that is named there. Both are at the newest revision;
    models of this database are added there. The first shard may have pictures, every later one is empty: while there
    are no pictures it takes its part of those to come.

    \b
    clipsql shard add postgresql://clipsql:secret@north.example/pictures --name north
    """
    with open_database(settings) as engine:
        added = add_shard(engine, url, name=name)
        for problem in add_models(engine, added.shard_id):
            warn(f"Shard {added.name} {problem}")
    click.echo(f"Shard {added.name} ({added.address}) holds {added.slots} of {SLOTS} slots.")


@shard.command("list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the shards with the pictures that they hold.

    \b
    clipsql shard list
    """
    with open_database(settings) as engine:
        states = check_shards(engine)
    rows = [
        {
            "name": state.shard.name,
            "address": state.shard.address,
            "slots": state.shard.slots,
            "pictures": state.pictures,
            "pending": state.pending,
            "failed": state.failed,
            "problems": list(state.problems),
        }
        for state in states
    ]
    if as_json:
        for row in rows:
            show_json(row)
    elif not rows:
        note('This database has no shards; its pictures are its own. "clipsql shard add URL" adds one.')
    else:
        show_table(
            list(rows[0]),
            [
                [*list(row.values())[:-1], "; ".join(state.problems)]
                for row, state in zip(rows, states, strict=True)
            ],
        )


@shard.command()
@database_option
def check(settings: Settings) -> None:
    """Ask every shard how it is; each problem is a line with its remedy.

    Whether the server of this database reaches it, its revision, its models and their weights.

    \b
    clipsql shard check
    """
    with open_database(settings) as engine:
        states = check_shards(engine)
    problems = [f"Shard {state.shard.name} {problem}." for state in states for problem in state.problems]
    for problem in problems:
        click.echo(problem)
    if problems:
        raise DatabaseNotReady(f"The shards have {len(problems)} problems.")
    click.echo(
        f"All {len(states)} shards are as they should be." if states else "This database has no shards."
    )


@shard.command()
@database_option
def rebalance(settings: Settings) -> None:
    """Move pictures until every shard holds as many slots; searches go on meanwhile.

    Pictures keep their numbers, and go with their captions, vectors, regions, thumbnails and places in the queue.
    Alarms and verdicts stay behind and go. Those who write wait for one of 64 parts of the pictures at a time, and an
    ingest is waited for. A run that broke off is taken up by the next one.

    \b
    clipsql shard rebalance
    """
    with open_database(settings) as engine:
        moved = _move(engine)
    click.echo(f"{moved} of {SLOTS} slots were moved.")


@shard.command()
@click.argument("name")
@click.option("--drain", is_flag=True, help="Move its pictures to the other shards first.")
@database_option
def remove(settings: Settings, name: str, drain: bool) -> None:
    """Make NAME no shard any more; the database itself stays as it is.

    A shard with pictures stays unless it is the last one, after which this database is no coordinator.

    \b
    clipsql shard remove north --drain
    """
    with open_database(settings) as engine:
        if drain:
            _move(engine, without=[require_shard(engine, name).shard_id])
        remove_shard(engine, name)
    click.echo(f"{name} is no shard any more.")


def _move(engine: Engine, *, without: Collection[int] = ()) -> int:
    with Progress("slots", total=SLOTS, what="Moving") as progress:
        return moving.rebalance(engine, without=without, on_moved=lambda moved, _of: progress.reach(moved))
