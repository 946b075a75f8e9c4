"""Make a cluster aside and rename it into place: a kill or a full disk leaves nothing half-made."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from clipsql.errors import EmbeddedServerError
from clipsql.server.files import write_private
from clipsql.server.settings import render_settings
from clipsql.server.user import ServerUser

NAME = "clipsql"  # of the role, a superuser of this private cluster, and of the database that it owns

# Inside of the data folder, so that a base backup of it is whole and starts as a replica.
_SETTINGS_FILE = "settings.conf"

_INITDB_OPTIONS = (
    f"--username={NAME}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-instructions",
    "--no-sync",
)

# PostgreSQL's own C.UTF-8 sorts the same for ever; the system's locales change with its C library, and
# indexes on text silently break with them. It came with 17.
_BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
_SYSTEM_LOCALE = ("--locale=C.UTF-8",)


def create(
    home: Path, data_folder: Path, password_file: Path, *, user: ServerUser, programs: Path, version: int
) -> None:
    """Make the data folder, with the role and the database, and its password; the caller holds the lock.

    `version` is the major version of `programs`.
    """
    for leftover in home.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    password = secrets.token_urlsafe(24)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=home))
    try:
        write_private(fresh / "password", password)
        user.take_over(fresh / "password")
        user.take_over(fresh)
        locale = _BUILTIN_LOCALE if version >= 17 else _SYSTEM_LOCALE
        _initialise(fresh / "data", fresh / "password", locale, user=user, programs=programs)
        write_private(password_file, password)
        (fresh / "data").rename(data_folder)
        _sync_folder(home)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def require_version(version: int, data_folder: Path, user: ServerUser) -> None:
    """Raise EmbeddedServerError when another major version of PostgreSQL made the data."""
    purpose = "Reading the version of the data"
    made_by = user.check("cat", data_folder / "PG_VERSION", purpose=purpose).strip()
    if made_by != str(version):
        raise EmbeddedServerError(
            f"{data_folder} was made by PostgreSQL {made_by} and this clipsql runs {version}: "
            f"dump it with the clipsql that made it, or set CLIPSQL_HOME to another folder."
        )


def _initialise(
    data: Path, password_file: Path, locale: tuple[str, ...], *, user: ServerUser, programs: Path
) -> None:
    purpose = "Making a database"
    initdb, postgres = programs / "initdb", programs / "postgres"
    files = ("--pwfile", password_file, "--pgdata", data)
    user.check(initdb, *_INITDB_OPTIONS, *locale, *files, purpose=purpose)
    single_user = ("--single", "-D", data, "-c", "exit_on_error=true", "-c", "fsync=off", "postgres")
    # The role is named as clipsql's schema, which "$user" would make the place of an application's own tables.
    statements = f"create database {NAME}\nalter role {NAME} set search_path = public\n"
    user.check(postgres, *single_user, stdin=statements, purpose=purpose)
    _write(data / "postgresql.conf", f"include '{_SETTINGS_FILE}'\n", "-a", user=user, purpose=purpose)
    # One sync instead of three, before the rename makes all of it count.
    user.check(initdb, "--sync-only", "--pgdata", data, purpose=purpose)


def write_settings(data_folder: Path, user: ServerUser) -> None:
    """Replace what postgresql.conf includes by the settings for this machine."""
    _write(
        data_folder / _SETTINGS_FILE, render_settings(), user=user, purpose="Writing the server's settings"
    )


def _write(file: Path, text: str, *options: str, user: ServerUser, purpose: str) -> None:
    # By the server's user and not by root, who must never write into a folder that somebody else controls.
    user.check("tee", *options, file, stdin=text, purpose=purpose)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
