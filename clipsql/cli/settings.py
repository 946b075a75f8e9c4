"""`clipsql db settings`: what holds for all clients of a database."""

from __future__ import annotations

from pathlib import Path

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db import picture_folders
from clipsql.db.opening import open_database


@click.group("settings")
def settings_group() -> None:
    """Where a browser finds local pictures: a URL prefix for each folder that a web server shows.

    \b
    clipsql db settings add /srv/photos https://photos.example/all
    clipsql db settings list
    """


@settings_group.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("url_prefix")
@database_option
def add(settings: Settings, folder: Path, url_prefix: str) -> None:
    """Give FOLDER a URL_PREFIX: https://host/path, or /path on the host of the page itself.

    clipsql.picture_url and the column picture_url of clipsql.picture then tell where a browser finds the pictures
    below it. FOLDER need not be on this machine. Of several that hold a picture the longest counts.

    \b
    clipsql db settings add /srv/photos https://photos.example/all
    """
    with open_database(settings) as engine:
        stored = picture_folders.add_folder(engine, folder, url_prefix)
    click.echo(f"Pictures below {stored} are shown under {url_prefix}.")


@settings_group.command("list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the folders with their URL prefixes.

    \b
    clipsql db settings list
    """
    with open_database(settings) as engine:
        found = picture_folders.list_folders(engine)
    if as_json:
        for folder, prefix in found:
            show_json({"picture_folder": folder, "url_prefix": prefix})
    elif not found:
        note('No folder has a URL prefix yet; run "clipsql db settings add FOLDER URL_PREFIX".')
    else:
        show_table(("picture folder", "url prefix"), found)


@settings_group.command()
@click.argument("folder", type=click.Path(path_type=Path))
@database_option
def remove(settings: Settings, folder: Path) -> None:
    """Take the URL prefix of FOLDER away; its pictures stay in the database.

    \b
    clipsql db settings remove /srv/photos
    """
    with open_database(settings) as engine:
        stored = picture_folders.remove_folder(engine, folder)
    click.echo(f"Folder {stored} has no URL prefix any more.")
