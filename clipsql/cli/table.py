"""`clipsql table`: tables that are there already get picture search."""

from __future__ import annotations

import csv
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import click

from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import agree, note, show_json, show_table
from clipsql.config import Settings
from clipsql.db import attachments
from clipsql.db.attachments import AttachOptions
from clipsql.db.opening import open_database
from clipsql.errors import InvalidArgument


@click.group()
def table() -> None:
    """Tables of your own whose rows have pictures: attached, they are kept up to date by "clipsql worker".

    \b
    clipsql table attach shop.product --url-column photo_url --caption-columns title
    clipsql table status
    """


def _columns(_context: click.Context, _option: click.Parameter, given: str | None) -> list[str] | None:
    if given is None:
        return None
    # As a line of CSV, in which a name with a comma stands in quotes.
    names = next(csv.reader([given], skipinitialspace=True))
    return [name.strip() for name in names if name.strip()]


def _attach_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What attach and reattach take; the command gets `options`, those that are given."""

    @functools.wraps(command)
    def with_options(*args: Any, **given: Any) -> Any:
        options = {
            name: value
            for name in AttachOptions.__annotations__
            if (value := given.pop(name)) not in (None, False)
        }
        return command(*args, options=options, **given)

    for option in (
        click.option("--model", metavar="NAME", help="Default: that of the worker that comes first."),
        click.option(
            "--may-read-files",
            is_flag=True,
            help="Let workers read the files of their machine that the column names.",
        ),
        click.option(
            "--url-prefix",
            metavar="TEXT",
            help="Stands before what is no address: https://shop.example/media/ or /srv/media/.",
        ),
        click.option("--collection", metavar="NAME", help="Of the pictures; default: the name of the table."),
        click.option("--latitude-column", metavar="COLUMN", help="Where: degrees north."),
        click.option("--longitude-column", metavar="COLUMN", help="Where: degrees east."),
        click.option("--taken-at-column", metavar="COLUMN", help="When the picture was taken."),
        click.option(
            "--metadata-columns",
            metavar="COLUMN,...",
            callback=_columns,
            help="To filter by, as in --metadata-matches.",
        ),
        click.option(
            "--caption-columns", metavar="COLUMN,...", callback=_columns, help="Texts about the picture."
        ),
        click.option(
            "--url-column", metavar="COLUMN", required=True, help="The column with the picture's address."
        ),
        click.argument("source", metavar="TABLE"),
    ):
        with_options = option(with_options)
    return with_options


@table.command()
@database_option
@_attach_options
def attach(settings: Settings, source: str, url_column: str, options: AttachOptions) -> None:
    """Give the rows of TABLE picture search: its own statements stay as they are, workers follow them.

    For the owner of the table and of clipsql's. Rows are known by a primary key, or a unique one without nulls.

    \b
    clipsql table attach shop.product --url-column photo_url --caption-columns title
    """
    with open_database(settings) as engine:
        link = attachments.attach(engine, source, url_column, **options)
    click.echo(f'{source} is attached; {link} links its rows with pictures. "clipsql worker" embeds them.')


@table.command()
@database_option
@_attach_options
def reattach(settings: Settings, source: str, url_column: str, options: AttachOptions) -> None:
    """Attach TABLE by other columns, or make its missing triggers; a picture whose address stays is kept.

    All options are said anew, but for --collection, which stays.

    \b
    clipsql table reattach shop.product --url-column photo_url --metadata-columns brand,price,colour
    """
    with open_database(settings) as engine:
        link = attachments.reattach(engine, source, url_column, **options)
    click.echo(
        f'{source} is attached anew; {link} links its rows with pictures. "clipsql worker" embeds them.'
    )


@table.command("list")
@json_option
@database_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the attached tables, with the state of each.

    \b
    clipsql table list
    """
    with open_database(settings) as engine:
        found = attachments.attachments(engine)
    _show(
        found,
        as_json,
        {"table": "source_name", **_same("url_column", "collection", "model", "link", "state")},
    )


@table.command()
@click.argument("source", metavar="[TABLE]", required=False)
@json_option
@database_option
def status(settings: Settings, source: str | None, as_json: bool) -> None:
    """Count the rows of TABLE, or of all attached tables, by the state of their pictures.

    \b
    clipsql table status
    clipsql table status shop.product --json
    """
    with open_database(settings) as engine:
        found = attachments.attachments(engine, source)
    if source is not None and not found:
        raise InvalidArgument(f'{source} is not attached; "clipsql table list" shows what is.')
    columns = {
        "table": "source_name",
        **_same("url_column", "rows", "embedded", "pending", "failed", "missing"),
    }
    _show(found, as_json, columns | {"oldest pending": "oldest_pending", "state": "state"})
    if not as_json:
        for one in found:
            if one.last_error is not None:
                note(f"{one.source_name}, {one.url_column}: {one.last_error}")


@table.command()
@click.argument("source", metavar="TABLE")
@click.option("--url-column", metavar="COLUMN", help="Only what is attached by this column.")
@click.option("--keep-pictures", is_flag=True, help="Leave the pictures in their collection.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def detach(settings: Settings, source: str, url_column: str | None, keep_pictures: bool, yes: bool) -> None:
    """Detach TABLE: its triggers go, its links, and the pictures that came by it alone; the table stays as it is.

    \b
    clipsql table detach shop.product --yes
    clipsql table detach shop.product --keep-pictures --yes
    """
    with open_database(settings) as engine:
        agree(
            f"Detach {source}{'' if keep_pictures else ' and remove the pictures that came by it'}?", yes=yes
        )
        removed = attachments.detach(engine, source, keep_pictures=keep_pictures, url_column=url_column)
    click.echo(f"{source} is detached; {removed:,} pictures are removed.")


def _same(*names: str) -> dict[str, str]:
    return {name.replace("_", " "): name for name in names}


def _show(found: list[attachments.AttachmentStatus], as_json: bool, columns: dict[str, str]) -> None:
    """The attachments as JSON lines with all that is known, or as a table of these columns."""
    if as_json:
        for one in found:
            show_json(one)
    elif not found:
        note('No table is attached; run "clipsql table attach TABLE --url-column COLUMN".')
    else:
        rows = [dataclasses.asdict(one) for one in found]
        show_table(tuple(columns), [tuple(row[name] for name in columns.values()) for row in rows])
