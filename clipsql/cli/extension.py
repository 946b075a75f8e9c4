"""`clipsql db extension` and `clipsql db adopt`: the schema as an extension of PostgreSQL's own."""

from __future__ import annotations

from pathlib import Path

import click

from clipsql import __version__
from clipsql.cli.options import database_option
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.db.schema.adopting import adopt, leave
from clipsql.db.schema.extension import write_extension
from clipsql.errors import ConfigurationError


@click.command("extension")
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder into whose subfolder extension/ the files are written.",
)
def extension_command(folder: Path) -> None:
    """Write the files of the extension clipsql, for "create extension clipsql".

    Into PostgreSQL's own share folder, which pg_config tells (15 and later), or into any folder that the server can
    read and extension_control_path names (18 and later). No database is needed. Of the files, clipsql.pg_tle.sql is for
    servers with pg_tle.

    \b
    clipsql db extension --write /usr/share/postgresql/18
    clipsql db extension --write /srv/clipsql
    """
    try:
        written = write_extension(folder, version=__version__)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot write to {error.filename} ({error.strerror}); run it as a user who may, or name another folder."
        ) from error
    for path in written:
        click.echo(path)


@click.command("adopt")
@click.option(
    "--to",
    "target",
    type=click.Choice(["extension", "migrations"]),
    default="extension",
    show_default=True,
    help="Who keeps the schema from now on.",
)
@database_option
def adopt_command(settings: Settings, target: str) -> None:
    """Make what migrations have made the extension's, or the other way round; no row and no name changes.

    \b
    clipsql db adopt
    clipsql db adopt --to migrations
    """
    with open_database(settings, check_revision=False) as engine:
        changed = adopt(engine, version=__version__) if target == "extension" else leave(engine)
    keeper = "the extension" if target == "extension" else "migrations"
    click.echo(
        f"The schema is now kept by {keeper}." if changed else f"The schema is kept by {keeper} already."
    )
