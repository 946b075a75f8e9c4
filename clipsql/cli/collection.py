"""`clipsql collection` and `clipsql stats`: what lies in the database."""

from __future__ import annotations

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db import collections
from clipsql.db.opening import open_database
from clipsql.db.shards import stats as over_shards
from clipsql.db.shards.listing import refuse_shards


@click.command()
@json_option
@database_option
def stats(settings: Settings, as_json: bool) -> None:
    """Show each collection under each model: pictures, failures, captions, time span; and why pictures failed.

    \b
    clipsql stats
    clipsql stats --json
    """
    with open_database(settings) as engine:
        found = over_shards.collection_stats(engine)
        failures = over_shards.failure_stats(engine)
    if as_json:
        for one in found:
            classes = {
                failed["failure"]: failed["images"]
                for failed in failures
                if failed["collection"] == one["collection"]
            }
            show_json({**one, "failures": classes})
    elif not found:
        note('There is no picture yet; run "clipsql ingest FOLDER".')
    else:
        shown = {name: name for name in ("collection", "model", "images", "embedded", "pending", "failed")}
        shown |= {"captions": "captions", "first": "first_taken_at", "last": "last_taken_at"}
        show_table(
            tuple(shown),
            (tuple(one[name] for name in shown.values()) for one in found),
        )
        if failures:
            show_table(
                ("collection", "failure", "images", "for example"),
                (tuple(failed.values()) for failed in failures),
            )


@click.group()
def collection() -> None:
    """Collections of pictures.

    \b
    clipsql collection list
    clipsql collection drop holidays
    """


@collection.command("list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the collections with their number of pictures.

    \b
    clipsql collection list
    """
    with open_database(settings) as engine:
        found = over_shards.list_collections(engine)
    if as_json:
        for name, images in found:
            show_json({"collection": name, "images": images})
    elif not found:
        note('There is no picture yet; run "clipsql ingest FOLDER".')
    else:
        show_table(("collection", "images"), found)


@collection.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def drop(settings: Settings, name: str, yes: bool) -> None:
    """Remove a collection from the database; the picture files stay where they are.

    \b
    clipsql collection drop holidays --yes
    """
    with open_database(settings) as engine:
        refuse_shards(engine, "clipsql collection drop")
        images = collections.count_images(engine, name)
        if not yes:
            click.confirm(f"Remove {images} pictures of collection {name} from the database?", abort=True)
        collections.drop_collection(engine, name)
        click.echo(f"Collection {name} is gone ({images} pictures).")
