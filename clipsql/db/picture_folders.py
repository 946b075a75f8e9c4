"""Folders of local pictures that a web server shows to browsers: rows of clipsql.settings."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine

from clipsql.db.engine import database_errors
from clipsql.db.tables.settings import PictureFolder
from clipsql.errors import ConfigurationError


def list_folders(engine: Engine) -> list[tuple[str, str]]:
    """(folder, URL prefix) of each, by folder."""
    with database_errors(engine), engine.connect() as connection:
        rows = connection.execute(
            sa.select(PictureFolder.picture_folder, PictureFolder.url_prefix).order_by(
                PictureFolder.picture_folder
            )
        )
        return [(folder, prefix) for folder, prefix in rows]


def add_folder(engine: Engine, folder: Path, url_prefix: str) -> str:
    """Show pictures below a folder under a URL prefix, in the place of an earlier one; returns the folder's path.

    Raises ConfigurationError for a prefix that is neither http(s) nor a path.
    """
    row = {"picture_folder": _stored_path(folder), "url_prefix": url_prefix}
    adding = insert(PictureFolder).values(row)
    with database_errors(engine):
        try:
            with engine.begin() as connection:
                connection.execute(adding.on_conflict_do_update(index_elements=["picture_folder"], set_=row))
        except sa.exc.IntegrityError as error:
            if not isinstance(error.orig, psycopg.errors.CheckViolation):
                raise
            raise ConfigurationError(
                f"{url_prefix!r} is no URL prefix; write it as https://host/path or /path, without ?, # or a user "
                "name, and what is not ASCII percent-encoded."
            ) from error
    return row["picture_folder"]


def remove_folder(engine: Engine, folder: Path) -> str:
    """Take the URL prefix of a folder away; returns the folder's path. Raises ConfigurationError if it has none."""
    path = _stored_path(folder)
    with database_errors(engine), engine.begin() as connection:
        if connection.execute(sa.delete(PictureFolder).where(PictureFolder.picture_folder == path)).rowcount:
            return path
    known = ", ".join(each for each, _ in list_folders(engine)) or "none"
    raise ConfigurationError(f"Folder {path} has no URL prefix; those that have one: {known}.")


def _stored_path(folder: Path) -> str:
    """The path as pictures are stored with it: absolute, with links resolved."""
    return os.path.realpath(folder)
