"""`clipsql regions`: parts of pictures that are searched by themselves."""

from __future__ import annotations

from pathlib import Path

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import agree, note, show_json, show_table, warn
from clipsql.cli.region_options import Grid
from clipsql.config import Settings
from clipsql.db import boxes
from clipsql.db import regions as stored
from clipsql.db.opening import open_database
from clipsql.errors import SourceError
from clipsql.sources.boxes import read_boxes

_MOST_SHOWN = 10


@click.group()
def regions() -> None:
    """Regions: parts of pictures, such as a detector's boxes or tiles, with vectors of their own.

    Boxes are x, y, width and height in pixels of the upright picture. "clipsql worker" embeds them, and
    "clipsql search text ... --in regions" finds pictures by them.

    \b
    clipsql regions import detections.jsonl --collection streets
    clipsql regions tile streets --tiles 3x2
    clipsql worker --until-empty
    """


@regions.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--collection", metavar="NAME", required=True, help="The collection of the pictures.")
@click.option("--replace", is_flag=True, help="Remove other boxes of the pictures that FILE names.")
@json_option
@database_option
def import_(settings: Settings, file: Path, collection: str, replace: bool, as_json: bool) -> None:
    """Take in the boxes of FILE: JSON lines of a detector or a manifest, or COCO's JSON.

    A line is {"image": "a.jpg", "box": [10, 20, 80, 60], "label": "truck", "score": 0.9}, or has "boxes", a list of
    these; image is a url, a file or an image_id. What is there already stays. What cannot be used is told, and the
    exit code is 1 then.

    \b
    clipsql regions import detections.jsonl --collection streets
    clipsql regions import instances.json --collection streets --replace
    """
    with open_database(settings) as engine:
        done = boxes.import_boxes(engine, read_boxes(file), collection=collection, replace=replace)
    if as_json:
        show_json(
            {
                "added": done.added,
                "removed": done.removed,
                "pictures": done.pictures,
                "problems": [f"{one.position} {one.problem}" for one in done.problems],
            }
        )
    else:
        for one in done.problems[:_MOST_SHOWN]:
            warn(f"{one.position} {one.problem}.")
        gone = f" and removed {done.removed:,}" if replace else ""
        click.echo(
            f'Added {done.added:,} regions{gone}, of {done.pictures:,} pictures. "clipsql worker" embeds them.'
        )
    if done.problems:
        raise SourceError(
            f"{len(done.problems):,} boxes of {file} were left out; correct them and import it again."
        )


@regions.command()
@click.argument("collection")
@click.option("--tiles", type=Grid(), required=True, metavar="COLUMNSxROWS", help="The grid, such as 3x2.")
@database_option
def tile(settings: Settings, collection: str, tiles: tuple[int, int]) -> None:
    """Lay a grid over each embedded picture of COLLECTION; its parts are regions, in the place of other tiles.

    Run it again after an ingest: pictures that came since get theirs. "clipsql regions remove" takes them away.

    \b
    clipsql regions tile streets --tiles 3x2
    """
    columns, rows = tiles
    with open_database(settings) as engine:
        added, removed = stored.tile(engine, collection, columns=columns, rows=rows)
    click.echo(f'Added {added:,} tiles and removed {removed:,}. "clipsql worker" embeds them.')


@regions.command("list")
@click.argument("collection", required=False)
@json_option
@database_option
def list_(settings: Settings, collection: str | None, as_json: bool) -> None:
    """Count regions by collection and label: all, embedded, and those that cannot be.

    \b
    clipsql regions list streets
    """
    with open_database(settings) as engine:
        found = stored.count_regions(engine, collection)
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note('There is no region; run "clipsql regions import FILE" or "clipsql regions tile COLLECTION".')
    else:
        show_table(
            ("collection", "label", "regions", "embedded", "failed"),
            (
                (
                    one.collection,
                    "(tiles)" if one.is_tile else one.label,
                    one.regions,
                    one.embedded,
                    one.failed,
                )
                for one in found
            ),
        )


@regions.command()
@click.argument("collection")
@click.option("--label", metavar="TEXT", help="Only those of this label.")
@click.option("--only-tiles", is_flag=True, help="Only tiles.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def remove(settings: Settings, collection: str, label: str | None, only_tiles: bool, yes: bool) -> None:
    """Remove the regions of COLLECTION, or some of them; the pictures stay.

    \b
    clipsql regions remove streets --only-tiles --yes
    """
    with open_database(settings) as engine:
        what = "tiles" if only_tiles else "regions" if label is None else f'regions of label "{label}"'
        agree(f"Remove the {what} of collection {collection}?", yes=yes)
        removed = stored.remove_regions(engine, collection, label=label, only_tiles=only_tiles)
    click.echo(f"Removed {removed:,} regions.")
