"""`clipsql index`: the HNSW indexes that make searches fast, and how well they find."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import click
from sqlalchemy.engine import Engine

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table, size, warn
from clipsql.config import Settings
from clipsql.db import indexes, models, percentile_samples, search_rows, tuning
from clipsql.db.models import ModelRow
from clipsql.db.opening import open_database
from clipsql.db.partitions import EMBEDDING_TABLES

_NAMES = {"image_embedding": "pictures", "caption_embedding": "captions", "region_embedding": "regions"}

_model_option = click.option("--model", metavar="NAME", help="Default: every model.")


@click.group()
def index() -> None:
    """HNSW indexes: build them, see how they are, tune how thoroughly they are searched.

    Searches are right without any of this: what has no index is compared picture by picture.

    \b
    clipsql index status
    clipsql index tune --target 0.98
    """


@index.command()
@_model_option
@click.option("--rebuild", is_flag=True, help="Also where there is a valid index.")
@database_option
def build(settings: Settings, model: str | None, rebuild: bool) -> None:
    """Build the indexes that are missing or invalid, the search rows of many pictures, and the samples for percentiles.

    Ingest does so by itself. Searches and writers go on while search rows are made. --rebuild learns them anew;
    "clipsql index status" says when that is due.

    \b
    clipsql index build
    """
    with open_database(settings) as engine:
        chosen = _models(engine, model)
        built = [
            f"{_NAMES[table]} under model {one.name}"
            for one in chosen
            for table in EMBEDDING_TABLES
            if _build(engine, one, table, rebuild=rebuild)
        ]
        coded = [one.name for one in chosen if _make_search_rows(engine, one, rebuild=rebuild)]
        sampled = sum(percentile_samples.refresh(engine, one) for one in chosen)
    for what in built:
        click.echo(f"Built the index of {what}.")
    for name in coded:
        click.echo(f"Made the search rows of model {name}.")
    if not built and not coded:
        click.echo("Every index is there already.")
    if sampled:
        click.echo(f"Took {sampled} samples for percentiles.")


@index.command()
@_model_option
@click.option(
    "--target",
    type=click.FloatRange(0.5, 1),
    default=0.95,
    show_default=True,
    help="Share of the 10 nearest pictures that a search must find.",
)
@click.option("--queries", type=click.IntRange(min=1), default=50, show_default=True, help="Per collection.")
@json_option
@database_option
def tune(settings: Settings, model: str | None, target: float, queries: int, as_json: bool) -> None:
    """Measure the recall of searches in each collection and set what reaches the target.

    \b
    clipsql index tune
    """
    rows = []
    with open_database(settings) as engine:
        for one in _models(engine, model):
            found = tuning.tune(
                engine,
                one,
                target=target,
                queries=queries,
            )
            rows += [(one.name, each) for each in found]
            percentile_samples.refresh(engine, one)
    _show_tunings(rows, as_json=as_json)
    for name, each in rows:
        if each.recall < target:
            warn(
                f"{_scope(each.collection)} under model {name} reaches {each.recall:.3f}, not {target}; "
                'its index may be old: run "clipsql index build --rebuild".'
            )


@index.command()
@_model_option
@json_option
@database_option
def status(settings: Settings, model: str | None, as_json: bool) -> None:
    """Show rows, size and validity of the indexes, and the recall that was last measured.

    \b
    clipsql index status
    """
    with open_database(settings) as engine:
        tuned = {one.name: tuning.tunings(engine, one) for one in _models(engine, model)}
        found = [
            (state, tuned[state.model] if state.embeddings == "image_embedding" else [])
            for state in indexes.index_stats(engine)
            if state.model in tuned
        ]
    if as_json:
        for state, kept in found:
            show_json({**dataclasses.asdict(state), "tunings": [dataclasses.asdict(each) for each in kept]})
        return
    show_table(
        ("model", "index of", "rows", "state", "size", "search rows"),
        (
            (
                state.model,
                _NAMES[state.embeddings],
                state.rows,
                state.state,
                size(state.bytes),
                "rebuild is due" if state.rebuild_is_due else state.search_rows,
            )
            for state, _ in found
        ),
    )
    tunings = [(state.model, each) for state, kept in found for each in kept]
    if tunings:
        _show_tunings(tunings, as_json=False)
    else:
        note('No recall was measured yet; run "clipsql index tune".')


def _models(engine: Engine, name: str | None) -> list[ModelRow]:
    return models.list_models(engine) if name is None else [models.require_model(engine, name)]


def _build(engine: Engine, model: ModelRow, table: str, *, rebuild: bool) -> bool:
    with Progress("rows", what=f"index of {_NAMES[table]}") as progress:
        return indexes.ensure_index(
            engine,
            model,
            table=table,
            rebuild=rebuild,
            on_build=lambda rows: progress.reach(0, rows),
            on_progress=progress.reach,
        )


def _make_search_rows(engine: Engine, model: ModelRow, *, rebuild: bool) -> bool:
    with Progress("rows", what="search rows") as progress:
        return search_rows.ensure_search_rows(
            engine,
            model,
            rebuild=rebuild,
            on_build=lambda rows: progress.reach(0, rows),
            on_progress=progress.reach,
        )


def _show_tunings(rows: Sequence[tuple[str, tuning.Tuning]], *, as_json: bool) -> None:
    if as_json:
        for name, each in rows:
            show_json({"model": name, **dataclasses.asdict(each)})
        return
    show_table(
        ("model", "search in", "ef_search", "recall", "queries", "measured at"),
        (
            (
                name,
                _scope(each.collection),
                "all compared" if each.ef_search is None else each.ef_search,
                f"{each.recall:.3f}",
                each.queries,
                each.measured_at,
            )
            for name, each in rows
        ),
    )


def _scope(collection: str | None) -> str:
    return "all collections" if collection is None else f"collection {collection}"
