"""`clipsql model shadow`, `use` and `retire`: another model, while searches go on."""

from __future__ import annotations

import datetime as dt

import click
from sqlalchemy.engine import Engine

from clipsql.cli.options import Duration, database_option
from clipsql.cli.output import agree, note, warn
from clipsql.cli.watch_following import follow_model
from clipsql.config import Settings
from clipsql.db import shadows
from clipsql.db.models import ModelRow, require_model
from clipsql.db.opening import open_database
from clipsql.db.readiness import make_ready
from clipsql.errors import ClipsqlError

_MOST_NAMED = 10
"""Pictures that are told of one by one; clipsql.model_failure has all."""


@click.command()
@click.argument("name")
@click.option("--collection", metavar="NAME", help="Only pictures of this collection; default: of all.")
@database_option
def shadow(settings: Settings, name: str, collection: str | None) -> None:
    """Embed every picture under a second model, too.

    Those to come at once, those that are there by workers. Searches go on under the default model. "clipsql model list"
    tells how far it is. Run again, it tries once more what could not be had or read; "clipsql model retire" ends it.

    \b
    clipsql model shadow mine
    clipsql model shadow mine --collection shop
    """
    with open_database(settings) as engine:
        chosen = shadows.begin_shadow(engine, name, collection=collection)
        (change,) = (
            one
            for one in shadows.model_changes(engine)
            if (one.model, one.collection) == (chosen.name, collection)
        )
        where = "all collections" if collection is None else f"collection {collection}"
        click.echo(
            f"Pictures of {where} are embedded under model {chosen.name}, too; {change.waiting:,} of "
            f"{change.pictures:,} wait for a worker."
        )
        if change.waiting:
            note('Run "clipsql worker"; "clipsql model list" tells how far it is.')


@click.command()
@click.argument("name")
@click.option(
    "--keep-old",
    "keep_for",
    type=Duration(),
    metavar="DURATION",
    help="Embed pictures under the model before, too, for so long: '14 days'. Then the same command goes back to it. "
    'Default: until "clipsql model retire" where this model was a shadow, else not at all.',
)
@click.option("--incomplete", is_flag=True, help="Although pictures wait for it, which searches then miss.")
@database_option
def use(settings: Settings, name: str, keep_for: dt.timedelta | None, incomplete: bool) -> None:
    """Make a model the default of every function and command.

    From one moment to the next; before, its indexes are built, percentiles sampled, and searches tuned where they
    were. Watches follow.

    \b
    clipsql model use mine
    clipsql model use mine --keep-old '14 days'
    """
    with open_database(settings) as engine:
        chosen = use_model(engine, name, keep_for=keep_for, incomplete=incomplete)
        click.echo(f"Model {chosen.name} is the default now.")


def use_model(
    engine: Engine, name: str, *, keep_for: dt.timedelta | None = None, incomplete: bool = True
) -> ModelRow:
    """Make a model the default, and tell what searches under it miss. Raises UnknownModel, ModelError."""
    chosen, old = require_model(engine, name), shadows.default_model(engine)
    was_shadow = any(one.model == chosen.name for one in shadows.model_changes(engine))
    keeps_old = was_shadow or keep_for is not None
    if old is not None and old.model_id != chosen.model_id:
        if keeps_old:
            make_ready(
                engine,
                chosen,
                like=old,
                on_build=lambda rows: note(f"Building an index over {rows:,} vectors."),
            )
        _tell_what_it_lacks(engine, old, chosen)
    chosen = shadows.use_model(
        engine, name, keeps_old=keeps_old, keep_for=keep_for, may_lack=incomplete or not was_shadow
    )
    for one in shadows.model_changes(engine):
        if old is not None and one.model == old.name:
            until = (
                "until it is retired"
                if one.kept_until is None
                else f"until {one.kept_until:%Y-%m-%d %H:%M %Z}"
            )
            note(
                f'Pictures are embedded under {old.name}, too, {until}; "clipsql model use {old.name}" goes back to it.'
            )
    _move_watches(engine, chosen)
    return chosen


def _move_watches(engine: Engine, chosen: ModelRow) -> None:
    """Have watches follow: in a transaction of its own, which waits for those who are writing pictures."""
    try:
        moved = follow_model(engine, chosen)
    except ClipsqlError as error:
        warn(f'Watches did not follow; run "clipsql watch move". {error}')
        return
    if moved:
        note(f"{moved:,} watches moved to it.")


def _tell_what_it_lacks(engine: Engine, old: ModelRow, chosen: ModelRow) -> None:
    lacking = shadows.coverage(engine, old, chosen)
    if lacking.failed:
        note(
            f"{lacking.failed:,} of {lacking.pictures:,} pictures could not be had or read for {chosen.name}; "
            "searches under it miss them:"
        )
        for one in shadows.model_failures(engine, chosen, most=_MOST_NAMED):
            note(f"  {one.url}: {one.error}")
        if lacking.failed > _MOST_NAMED:
            note(
                f"  and {lacking.failed - _MOST_NAMED:,} more; the view clipsql.model_failure has every one."
            )
    if lacking.waiting:
        note(
            f"{lacking.waiting:,} of {lacking.pictures:,} pictures wait for {chosen.name}; searches miss them."
        )


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask when watches compare its embeddings.")
@database_option
def retire(settings: Settings, name: str, yes: bool) -> None:
    """Embed pictures under a model no more.

    It was a shadow, or was kept after another took its place. Its vectors stay, and searches that name it find what it
    knows; "clipsql model remove" frees their space.

    \b
    clipsql model retire old
    """
    with open_database(settings) as engine:
        chosen = require_model(engine, name)
        watches = shadows.watches_of(engine, chosen)
        if watches:
            agree(
                f"Watches that compare its embeddings raise alarms for pictures to come no more: {', '.join(watches)}. "
                f"Retire model {chosen.name}?",
                yes=yes,
            )
        if shadows.retire_model(engine, name):
            click.echo(f"Model {chosen.name} is retired: pictures are embedded under it no more.")
        else:
            click.echo(f"Pictures were not kept under model {chosen.name}; nothing changed.")
