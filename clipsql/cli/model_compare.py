"""`clipsql model compare`: what becomes of searches under another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import click
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.db.tables.pictures import Image
from clipsql.db.text_towers import has_text_tower
from clipsql.db.transactions import reading
from clipsql.errors import ConfigurationError, TextEncoderUnavailable
from clipsql.search.comparison import ModelComparison, compare_models
from clipsql.search.comparison_page import interval, percent, shown_images, write_comparison
from clipsql.search.stored import files_of, thumbnails_of

_MOST_LISTED = 10
"""Queries that people are shown, those that change most."""
_MOST_ON_PAGE = 50
_MOST_TILES = 10


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--queries",
    "file",
    type=click.File(encoding="utf-8", errors="surrogateescape"),
    help="Texts that people ask for, one a line; - for standard input. Default: what your watches look for, and "
    "captions.",
)
@click.option("--max-results", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page with the pictures that each model finds.",
)
@encoder_options
@json_option
@database_option
def compare(
    settings: Settings,
    old: str,
    new: str,
    file: TextIO | None,
    max_results: int,
    html: Path | None,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Compare what two models find, before one takes the place of the other.

    How many results they share; how often each finds the picture of a caption, with the interval that holds the truth
    in 95 of 100 cases; and which pictures NEW lacks. Captions that a model was trained on flatter it.

    \b
    clipsql model compare old mine
    clipsql model compare old mine --queries asked.txt --html compared.html
    """
    queries = None if file is None else _lines(file)
    with open_database(settings) as engine:
        try:
            comparison = compare_models(engine, old, new, queries=queries, max_results=max_results)
        except TextEncoderUnavailable:
            if queries is None:
                raise
            _remember(engine, (old, new), queries, device=device, dtype=dtype)
            comparison = compare_models(engine, old, new, queries=queries, max_results=max_results)
        if html is not None:
            _write_page(engine, html, comparison)
    if as_json:
        show_json(_document(comparison))
    else:
        _show(comparison)
    if html is not None:
        note(f"Wrote {html}.")


def _lines(file: TextIO) -> list[str]:
    found = list(dict.fromkeys(text for line in file if (text := line.strip())))
    if not found:
        raise ConfigurationError("There is no query to compare; give one a line.")
    return found


def _remember(
    engine: Engine, names: Sequence[str], queries: Sequence[str], *, device: str | None, dtype: str | None
) -> None:
    """Store vectors of the queries for a model whose text tower SQL cannot run."""
    for name in names:
        model = require_model(engine, name)
        if model.location is not None and not has_text_tower(engine, model):
            from clipsql.models import remember

            remember(engine, name, queries, device=device, dtype=dtype)


def _write_page(engine: Engine, path: Path, comparison: ModelComparison) -> None:
    images = shown_images(comparison, most_queries=_MOST_ON_PAGE, most_results=_MOST_TILES)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(Image.image_id, Image.url).where(Image.image_id.in_(images)))
        urls = {row.image_id: row.url for row in rows}
    try:
        write_comparison(
            path,
            comparison,
            urls=urls,
            files=files_of(engine, images),
            thumbnails=thumbnails_of(engine, images),
            most_queries=_MOST_ON_PAGE,
            most_results=_MOST_TILES,
        )
    except OSError as error:
        raise ConfigurationError(f'The page "{path}" cannot be written: {error.strerror}.') from error


def _document(comparison: ModelComparison) -> dict[str, Any]:
    """The comparison as one document for machines."""
    recall = {
        name: None if told is None else asdict(told)
        for name, told in (
            ("old", comparison.old_recall),
            ("new", comparison.new_recall),
            ("gain", comparison.gain),
        )
    }
    return {
        "old": comparison.old,
        "new": comparison.new,
        "max_results": comparison.max_results,
        "overlap": comparison.overlap,
        "rank_biased_overlap": comparison.rank_biased_overlap,
        "recall_of_captions": {"captions": comparison.captions, **recall},
        "coverage": asdict(comparison.coverage),
        "failures": [{**asdict(one), "failed_at": one.failed_at.isoformat()} for one in comparison.failures],
        "queries": [
            {**asdict(query), "moves": [asdict(move) for move in query.moves]} for query in comparison.queries
        ],
    }


def _show(comparison: ModelComparison) -> None:
    lacking = comparison.coverage
    if comparison.overlap is None:
        click.echo("Neither model finds a picture; nothing can be compared.")
    else:
        click.echo(
            f"{len(comparison.queries):,} queries, {comparison.max_results} results each: "
            f"{percent(comparison.overlap)} in common, rank-biased overlap {comparison.rank_biased_overlap:.3f}."
        )
    old, new, gain = comparison.old_recall, comparison.new_recall, comparison.gain
    if old is not None and new is not None and gain is not None:
        click.echo(
            f"Of {comparison.captions:,} captions {comparison.old} finds the picture of {percent(old.value)} "
            f"({interval(old)}), {comparison.new} of {percent(new.value)} ({interval(new)}): "
            f"{100 * gain.value:+.1f} points ({interval(gain)})."
        )
    else:
        note("How good they are nobody can tell: no caption is embedded under both, whose picture is known.")
    missing = lacking.failed + lacking.waiting
    share = percent(missing / lacking.pictures if lacking.pictures else 0)
    click.echo(
        f"{comparison.new} lacks {missing:,} of the {lacking.pictures:,} pictures that {comparison.old} knows "
        f"({share}): {lacking.failed:,} could not be had or read, {lacking.waiting:,} wait."
    )
    for one in comparison.failures:
        note(f"  {one.url}: {one.error}")
    if lacking.failed > len(comparison.failures):
        note(
            f"  and {lacking.failed - len(comparison.failures):,} more; clipsql.model_failure has every one."
        )
    changed = sorted(comparison.queries, key=lambda query: query.rank_biased_overlap or 0)[:_MOST_LISTED]
    if changed:
        show_table(
            ("query", "in common", "rank-biased", "only old", "only new"),
            (
                (
                    query.query,
                    percent(query.overlap),
                    "" if query.rank_biased_overlap is None else f"{query.rank_biased_overlap:.3f}",
                    len(set(query.old_images) - set(query.new_images)),
                    len(set(query.new_images) - set(query.old_images)),
                )
                for query in changed
            ),
            title=f"Queries that change most, of {len(comparison.queries):,}",
        )
