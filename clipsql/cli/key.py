"""`clipsql key`: who may ask "clipsql serve", and as which role of the database."""

from __future__ import annotations

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json, show_table
from clipsql.config import Settings
from clipsql.db import keys
from clipsql.db.opening import open_database
from clipsql.db.schema.rights import READER


@click.group()
def key() -> None:
    """Keys for "clipsql serve": who shows one asks as a role of the database, with the rights of that role.

    \b
    clipsql key add analysts
    clipsql key add shop --role clipsql_writer
    """


@key.command()
@click.argument("name")
@click.option("--role", metavar="ROLE", default=READER, show_default=True, help="A role that may search.")
@database_option
def add(settings: Settings, name: str, role: str) -> None:
    """Make a key and call it NAME. It is shown this once: the database keeps a hash of it alone.

    \b
    clipsql key add analysts
    """
    with open_database(settings) as engine:
        click.echo(keys.add_key(engine, name, role=role))
    note(
        f"Who shows this key asks as {role}: in the header Authorization: Bearer KEY, or at the gallery's door."
    )


@key.command(name="list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """Show the keys by their names, with the roles that they stand for.

    \b
    clipsql key list
    """
    with open_database(settings) as engine:
        found = keys.list_keys(engine)
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note('There is no key yet; "clipsql key add" makes one.')
    else:
        show_table(("name", "role", "since"), ((one.name, one.role, one.created_at) for one in found))


@key.command()
@click.argument("name")
@database_option
def remove(settings: Settings, name: str) -> None:
    """Have the key NAME open nothing from now on.

    \b
    clipsql key remove analysts
    """
    with open_database(settings) as engine:
        keys.remove_key(engine, name)
