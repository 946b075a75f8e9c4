"""`clipsql serve`: the gallery and the API."""

from __future__ import annotations

from pathlib import Path

import click

from clipsql.cli.options import database_option
from clipsql.cli.output import note
from clipsql.config import Settings
from clipsql.db.keys import list_keys
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.db.schema.rights import READER
from clipsql.extras import require_extra


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: for other machines, too.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--public", is_flag=True, help="Answer without a key, as --role.")
@click.option("--role", metavar="ROLE", default=READER, show_default=True, help="Of who shows no key.")
@click.option(
    "--role-header", metavar="NAME", help="Take the role from this header, which a proxy in front must set."
)
@click.option("--read-only", is_flag=True, help="Write nothing, whatever a role may.")
@click.option("--model", metavar="NAME", help="Default: the default model of the database.")
@click.option(
    "--store-images",
    "originals",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Take uploads, and keep their files here.",
)
@click.option(
    "--clicks",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help='Add what people open of a search by a picture and a text to FILE, for "clipsql fusion fit".',
)
@click.option("--tiles", metavar="URL", help="Of tiles for the map: https://tiles.example/{z}/{x}/{y}.png.")
@click.option("--tiles-credit", metavar="TEXT", help="Whose tiles they are, for below the map.")
@click.option(
    "--allow-private-hosts",
    is_flag=True,
    help="Fetch pictures by address from this machine and private networks too.",
)
@database_option
def serve(settings: Settings, host: str, port: int, **options: object) -> None:
    """Show the pictures as a gallery for people, and answer programs over HTTP, until Ctrl-C.

    Each request has the rights of a role of the database: of the key that it shows ("clipsql key add"), of a proxy's
    header, or under --public of --role. The documentation of the API is at /docs.

    \b
    clipsql serve --public
    clipsql serve --host 0.0.0.0 --port 80 --read-only
    """
    require_extra("serve", "The server")
    from clipsql.serving.options import ServeOptions
    from clipsql.serving.running import run

    given = ServeOptions(**options)  # type: ignore[arg-type]
    with open_database(settings) as engine:
        if given.model is not None:
            require_model(engine, given.model)
        if not given.public and given.role_header is None and not list_keys(engine):
            note('Nobody has a key yet: "clipsql key add" makes one; --public answers without.')
        note(
            f"Gallery: http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}/  API: /docs"
        )
        run(engine, given, host=host, port=port)
