"""`clipsql model`: the embedding models that a database knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TextIO

import click

from clipsql.cli.model_change import retire, shadow, use, use_model
from clipsql.cli.model_compare import compare
from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.output import in_words, note, show_json, show_table
from clipsql.cli.train import train
from clipsql.config import Settings
from clipsql.db import models
from clipsql.db.opening import open_database
from clipsql.db.shadows import ModelChange, model_changes
from clipsql.errors import ConfigurationError


@click.group()
def model() -> None:
    """Embedding models: CLIP, SigLIP, Chinese-CLIP and other dual encoders that transformers loads.

    \b
    clipsql model add openai/clip-vit-base-patch32
    clipsql model add ./my-model --name mine --use
    """


@model.command()
@click.argument("location", metavar="NAME|FOLDER")
@click.option("--name", help="Name in the database; default: the hub id or the folder's name.")
@click.option("--use", "use_it", is_flag=True, help="Make it the default model.")
@click.option(
    "--dimensions",
    type=click.IntRange(1, 4000),
    help="A vector space without files, whose vectors of this length come from elsewhere.",
)
@click.option(
    "--logit-scale",
    type=click.FloatRange(0, min_open=True),
    help="With --dimensions: factor from cosines to logits of labels; default: 100, as CLIP learned.",
)
@encoder_options
@database_option
def add(
    settings: Settings,
    location: str,
    name: str | None,
    use_it: bool,
    dimensions: int | None,
    logit_scale: float | None,
    device: str | None,
    dtype: str | None,
) -> None:
    """Add a model from the Hugging Face hub or a folder, or a space for vectors made elsewhere; the first one becomes
    the default.

    \b
    clipsql model add ./my-model --name mine
    clipsql model add other-vectors --dimensions 512
    """
    if dimensions is None and logit_scale is not None:
        raise ConfigurationError("--logit-scale is that of a space; give --dimensions too.")
    with open_database(settings) as engine:
        problem = None
        if dimensions is not None:
            added = models.add_space(
                engine, name or location, dimensions=dimensions, logit_scale=logit_scale or 100.0
            )
        else:
            from clipsql.models import add_text_tower, register_model

            added, _ = register_model(engine, location, name=name, device=device, dtype=dtype)
            problem = add_text_tower(engine, added)
        if use_it:
            added = use_model(engine, added.name)
        click.echo(
            f"Model {added.name}: {added.dimensions} dimensions, logit scale {added.logit_scale:.2f}, "
            f"{_revision(added)}{', default' if added.is_default else ''}."
        )
        if problem is not None:
            note(f"Note: {problem}")


def _revision(one: models.ModelRow) -> str:
    return "vectors from elsewhere" if one.revision is None else f"revision {one.revision[:12]}"


@model.command("list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the models of the database.

    Of those beside the default one that pictures are embedded under, too, also how far that is.

    \b
    clipsql model list
    """
    with open_database(settings) as engine:
        found = models.list_models(engine)
        changes: dict[str, list[ModelChange]] = {}
        for change in model_changes(engine):
            changes.setdefault(change.model, []).append(change)
    if as_json:
        for one in found:
            show_json({**asdict(one), "changes": [_facts(change) for change in changes.get(one.name, ())]})
    elif not found:
        note('There is no model yet; run "clipsql model add NAME".')
    else:
        show_table(
            ("name", "dimensions", "logit scale", "revision", "state", "location"),
            (
                (
                    one.name,
                    one.dimensions,
                    f"{one.logit_scale:.2f}",
                    (one.revision or "")[:12],
                    "; ".join(
                        (["default"] if one.is_default else []) + list(map(_state, changes.get(one.name, ())))
                    ),
                    one.location or "(vectors from elsewhere)",
                )
                for one in found
            ),
        )


def _facts(change: ModelChange) -> dict[str, Any]:
    left = change.time_left
    return {
        **{name: value for name, value in asdict(change).items() if name not in ("model", "time_left")},
        "seconds_left": None if left is None else left.total_seconds(),
    }


def _state(change: ModelChange) -> str:
    """How far pictures are embedded under a model beside the default one: "3 of 5 pictures, 2 min left"."""
    parts = [f"{change.embedded:,} of {change.pictures:,} pictures"]
    if change.failed:
        parts.append(f"{change.failed:,} failed")
    if change.waiting and change.time_left is not None:
        parts.append(f"{in_words(change.time_left)} left")
    if change.kept_until is not None:
        parts.append(f"kept until {change.kept_until:%Y-%m-%d}")
    where = "shadow" if change.collection is None else f"shadow of collection {change.collection}"
    return f"{where}: {', '.join(parts)}"


@model.command()
@click.argument("name", metavar="MODEL")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--file",
    type=click.File(encoding="utf-8", errors="surrogateescape"),  # what is not UTF-8 is told of as elsewhere
    help="One text a line; - for standard input.",
)
@encoder_options
@database_option
def remember(
    settings: Settings,
    name: str,
    texts: tuple[str, ...],
    file: TextIO | None,
    device: str | None,
    dtype: str | None,
) -> None:
    """Store vectors of texts for a MODEL whose text tower SQL cannot run (SigLIP).

    \b
    clipsql model remember google/siglip-base-patch16-224 "a red truck" "a bus at night"
    clipsql model remember google/siglip-base-patch16-224 --file texts.txt
    """
    from clipsql.models import remember as remember_texts

    lines = [line.strip() for line in file or ()]
    wanted = list(dict.fromkeys(text for text in (*texts, *lines) if text))
    if not wanted:
        raise ConfigurationError("There is no text to remember; give texts or --file.")
    with open_database(settings) as engine:
        remember_texts(engine, name, wanted, device=device, dtype=dtype)
        click.echo(f"Model {name} remembers these {len(wanted):,} texts now.")


@model.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def remove(settings: Settings, name: str, yes: bool) -> None:
    """Remove a model with all embeddings made by it; pictures and captions stay.

    \b
    clipsql model remove mine --yes
    """
    with open_database(settings) as engine:
        models.require_model(engine, name)
        if not yes:
            click.confirm(f"Remove model {name} and all embeddings made by it?", abort=True)
        models.remove_model(engine, name)
        click.echo(f"Model {name} is gone.")


for command in (shadow, compare, use, retire, train):
    model.add_command(command)
