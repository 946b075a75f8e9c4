"""`clipsql match`, `classify` and `suggest`: what a model makes of stored pictures."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import click

from clipsql.cli.options import database_option, filter_options, json_option, nearest_options
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db.calls.arguments import Filters, NearestOptions
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError
from clipsql.search.results import ImageLabel, Label
from clipsql.search.searcher import Searcher

_model_option = click.option("--model", metavar="NAME", help="Default: the default model of the database.")


@click.command()
@click.argument("image", type=int)
@click.argument("query")
@_model_option
@json_option
@database_option
def match(settings: Settings, image: int, query: str, model: str | None, as_json: bool) -> None:
    """Say how well the text QUERY fits the stored picture IMAGE: the cosine of their embeddings.

    \b
    clipsql match 42 "a red truck in the rain"
    """
    with open_database(settings) as engine:
        similarity = Searcher(engine, model=model).match(image, query)
    if as_json:
        show_json({"image_id": image, "query": query, "similarity": similarity})
    else:
        click.echo(f"{similarity:.3f}")


@click.command()
@click.argument("image", type=int, required=False)
@click.option("--label", "labels", multiple=True, metavar="TEXT", required=True, help="Once for each label.")
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help='The text around a label; several are averaged. Default: "a photo of a {}".',
)
@filter_options
@json_option
@database_option
def classify(
    settings: Settings,
    image: int | None,
    labels: tuple[str, ...],
    templates: tuple[str, ...],
    options: Filters,
    timezone: str,
    as_json: bool,
) -> None:
    """Tell which label fits: one stored picture, or every picture that passes the filters.

    Of many pictures a table counts the labels; --json gives the label of each.

    \b
    clipsql classify 42 --label truck --label bus --label car
    clipsql classify --label day --label night --template "a street by {}" --in-collection streets
    """
    model = options.pop("model", None)
    if image is not None and options:
        raise ConfigurationError("Filters choose among many pictures; give either IMAGE or filters.")
    with open_database(settings) as engine:
        judge = Searcher(engine, model=model, timezone=timezone)
        found: Sequence[Label | ImageLabel]
        if image is not None:
            found = judge.classify(image, labels, templates=templates or None)
        else:
            found = judge.classify_images(labels, templates=templates or None, **options)
    if as_json:
        for one in found:
            show_json(one)
    elif image is not None:
        show_table(("label", "probability"), ((one.label, f"{one.probability:.3f}") for one in found))
    else:
        _show_counts(labels, found)


def _show_counts(labels: Sequence[str], found: Sequence[Label | ImageLabel]) -> None:
    probabilities: dict[str, list[float]] = {label: [] for label in labels}
    for one in found:
        probabilities[one.label].append(one.probability)
    show_table(
        ("label", "pictures", "mean probability"),
        (
            (label, len(values), f"{fmean(values):.3f}" if values else None)
            for label, values in sorted(probabilities.items(), key=lambda pair: -len(pair[1]))
        ),
    )


@click.command()
@click.argument("image", type=int)
@nearest_options
@json_option
@database_option
def suggest(settings: Settings, image: int, options: NearestOptions, timezone: str, as_json: bool) -> None:
    """Suggest captions for the stored picture IMAGE: what was said of others and fits it best.

    \b
    clipsql suggest 42 --max-results 3
    """
    model = options.pop("model", None)
    with open_database(settings) as engine:
        captions = Searcher(engine, model=model, timezone=timezone).suggest_captions(image, **options)
    if as_json:
        for caption in captions:
            show_json(caption)
    elif not captions:
        note("No other picture has a caption.")
    else:
        show_table(
            ("caption", "similarity", "image"),
            ((one.caption, f"{one.similarity:.3f}", one.image_id) for one in captions),
        )
