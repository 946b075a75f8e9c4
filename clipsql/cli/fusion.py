"""`clipsql fusion`: learn how a picture and a text become one query."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import agree, note, show_json, show_table, warn
from clipsql.config import Settings
from clipsql.db import fusions
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.errors import SourceError
from clipsql.fusing.learning import find_triplets, learn_fusion
from clipsql.models import load_known
from clipsql.picture import UnusableRow
from clipsql.sources.triplets import read_triplets

_MOST_SHOWN = 10
_model_option = click.option("--model", metavar="NAME", help="Default: the default model of the database.")


@click.group()
def fusion() -> None:
    """Learned fusions: a picture and a text become one query as examples show what was meant.

    \b
    clipsql fusion fit triplets.jsonl --collection shop --name shop
    clipsql search query 'image:42 + "in red"' --fusion shop
    """


@fusion.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="[TRIPLETS]", required=False)
@click.option("--name", metavar="NAME", required=True, help="Of the fusion; one of that name is replaced.")
@click.option("--collection", metavar="NAME", help="The collection of the pictures that TRIPLETS names.")
@click.option(
    "--from-alerts",
    is_flag=True,
    help="Learn from alarms of watches of a text that were judged right: of each the next one was wanted.",
)
@_model_option
@json_option
@database_option
def fit(
    settings: Settings,
    file: Path | None,
    name: str,
    collection: str | None,
    from_alerts: bool,
    model: str | None,
    as_json: bool,
) -> None:
    """Fit a fusion to TRIPLETS: the picture and the text that were asked with, and the picture that was wanted.

    TRIPLETS is CSV with the columns picture, text and wanted, or JSON lines with these; pictures are named by url, file
    or image_id. Ridge regression and a small hidden layer are fitted, and compared with the weighted sum on wanted
    pictures that neither has seen. What does not beat it is kept, and says so.

    \b
    clipsql fusion fit triplets.jsonl --collection shop --name shop
    clipsql fusion fit --from-alerts --name guards
    """
    if (file is None) != from_alerts:
        raise click.UsageError("Give TRIPLETS or --from-alerts, one of the two.")
    if file is not None and collection is None:
        raise click.UsageError("Say by --collection where the pictures of TRIPLETS are.")
    problems: list[UnusableRow] = []
    with open_database(settings) as engine:
        chosen = require_model(engine, model)
        if file is None or collection is None:
            triplets = fusions.judged_triplets(engine)
        else:
            triplets, problems = find_triplets(engine, read_triplets(file), collection=collection)
        for one in problems[:_MOST_SHOWN]:
            warn(f"{one.position} {one.problem}.")
        fitted = learn_fusion(
            engine,
            chosen,
            name,
            triplets,
            encode_texts=lambda texts: load_known(chosen).encode_texts(texts),
        )
    if as_json:
        show_json(dataclasses.asdict(fitted))
    else:
        click.echo(
            f"Fitted {name} ({fitted.kind}) to {fitted.examples:,} examples. Mean reciprocal rank of what was meant: "
            f"{fitted.fusion_rank:.3f}, of the best weighted sum {fitted.weighted_sum_rank:.3f}, of the average "
            f"{fitted.average_rank:.3f}."
        )
        _judge(fitted)
    if problems:
        raise SourceError(f"{len(problems):,} rows of {file} were left out; correct them and fit it again.")


def _judge(fitted: fusions.FusionRow) -> None:
    gain = f"the gain lies between {fitted.gain_low:+.3f} and {fitted.gain_high:+.3f}"
    if fitted.is_better:
        click.echo(f"It beats the weighted sum: {gain}. Search with --fusion {fitted.name}.")
    else:
        click.echo(
            f"It does not surely beat the weighted sum ({gain}), so it is kept and not offered: weights of "
            f"{fitted.picture_weight:g} for the picture and {fitted.text_weight:g} for the text do as well."
        )


@fusion.command("list")
@_model_option
@json_option
@database_option
def list_(settings: Settings, model: str | None, as_json: bool) -> None:
    """List the learned fusions of a model, and whether they beat the weighted sum.

    \b
    clipsql fusion list
    """
    with open_database(settings) as engine:
        found = fusions.list_fusions(engine, require_model(engine, model))
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note('No fusion was learned yet; run "clipsql fusion fit TRIPLETS --name NAME --collection NAME".')
    else:
        show_table(
            ("fusion", "kind", "examples", "rank", "weighted sum", "beats it"),
            (
                (
                    one.name,
                    one.kind,
                    one.examples,
                    f"{one.fusion_rank:.3f}",
                    f"{one.weighted_sum_rank:.3f}",
                    "yes" if one.is_better else "no",
                )
                for one in found
            ),
        )


@fusion.command()
@click.argument("name")
@_model_option
@json_option
@database_option
def show(settings: Settings, name: str, model: str | None, as_json: bool) -> None:
    """Show all that is known of the learned fusion NAME.

    \b
    clipsql fusion show shop
    """
    with open_database(settings) as engine:
        one = fusions.require_fusion(engine, require_model(engine, model), name)
    if as_json:
        show_json(one)
        return
    for fact, value in dataclasses.asdict(one).items():
        click.echo(
            f"{fact.replace('_', ' ')}: {value:.3f}"
            if isinstance(value, float)
            else f"{fact.replace('_', ' ')}: {value}"
        )


@fusion.command()
@click.argument("name")
@_model_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def remove(settings: Settings, name: str, model: str | None, yes: bool) -> None:
    """Remove the learned fusion NAME.

    \b
    clipsql fusion remove shop --yes
    """
    with open_database(settings) as engine:
        chosen = require_model(engine, model)
        fusions.require_fusion(engine, chosen, name)
        agree(f"Remove the fusion {name} of model {chosen.name}?", yes=yes)
        fusions.remove_fusion(engine, chosen, name)
    click.echo(f"Fusion {name} is removed.")
