"""`clipsql db`: the server, its schema, a way in."""

from __future__ import annotations

import os

import click
import psycopg

from clipsql.cli.extension import adopt_command, extension_command
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import show_json, warn
from clipsql.cli.settings import settings_group
from clipsql.config import Settings
from clipsql.db.engine import shown_url
from clipsql.db.opening import database_url, open_database
from clipsql.db.replicas import replica_facts
from clipsql.db.schema import migrating, preparing
from clipsql.errors import ConfigurationError, DatabaseNotReady, DatabaseUnreachable
from clipsql.server import EmbeddedServer


@click.group()
def db() -> None:
    """The database: start and stop the embedded server, upgrade the schema, get the URL.

    \b
    clipsql db status
    clipsql db upgrade --database-url postgresql://me@db.example/pictures
    """


@db.command()
@database_option
def start(settings: Settings) -> None:
    """Start the embedded server (any command that needs it does so by itself).

    \b
    clipsql db start
    """
    server = _embedded(settings)
    server.start()
    click.echo(f"The embedded server runs on port {server.status().port}.")


@db.command()
@database_option
def stop(settings: Settings) -> None:
    """Stop the embedded server; its data stay.

    \b
    clipsql db stop
    """
    stopped = _embedded(settings).stop()
    click.echo("The embedded server has stopped." if stopped else "The embedded server was not running.")


@db.command()
@database_option
@json_option
def status(settings: Settings, as_json: bool) -> None:
    """Show which database is used, whether it answers, and its revision.

    \b
    clipsql db status
    """
    facts: dict[str, object] = {}
    if settings.database_url is None:
        server = EmbeddedServer(settings.home).status()
        facts = {
            "database": "embedded server",
            "running": server.running,
            "port": server.port,
            "data": server.data_folder,
            "log": server.log_file,
        }
    else:
        facts = {"database": "server of your own"}
    if facts.get("running", True):
        try:
            with open_database(settings, check_revision=False) as engine:
                found = migrating.revisions(engine)
                version = preparing.pgvector_version(engine)
                facts |= {
                    "url": shown_url(engine),
                    "running": True,
                    "pgvector": None if version is None else ".".join(map(str, version)),
                    "revision": found.current,
                    "newest_revision": found.head,
                    **replica_facts(engine),
                    "kept_by": migrating.keeper(engine),
                }
        except DatabaseUnreachable as error:
            facts |= {"running": False, "error": str(error)}
    if as_json:
        show_json(facts)
    else:
        for name, value in facts.items():
            click.echo(f"{name.replace('_', ' '):16} {'-' if value is None else value}")
    if not facts["running"] and settings.database_url is not None:
        raise click.exceptions.Exit(1)


@db.command()
@database_option
def url(settings: Settings) -> None:
    """Print the URL for other programs, with its password; starts the embedded server.

    \b
    clipsql db url
    """
    click.echo(database_url(settings))


@db.command()
@click.argument("revision", default="head")
@click.option("--sql", "as_sql", is_flag=True, help="Print the statements instead; REVISION may be FROM:TO.")
@database_option
def upgrade(settings: Settings, revision: str, as_sql: bool) -> None:
    """Bring the schema to REVISION (default: the newest), and back to what it should be if it is there.

    Lost or changed functions, views and rights come back; what you built on them is kept, or named before anything
    is changed. With --sql no database is needed: an administrator reads the script and runs it, as the role that
    shall own the schema, in one transaction.

    \b
    clipsql db upgrade --database-url postgresql://me@db.example/pictures
    clipsql db upgrade --sql > upgrade.sql && psql -v ON_ERROR_STOP=1 -f upgrade.sql pictures
    clipsql db upgrade --sql 0003:head
    """
    if as_sql:
        click.echo(migrating.upgrade_script(revision), nl=False)
        return
    with open_database(settings, check_revision=False) as engine:
        for warning in migrating.upgrade(engine, revision=revision):
            warn(warning)
        click.echo(f"Database is at revision {migrating.revisions(engine).current}.")


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def downgrade(settings: Settings, revision: str, yes: bool) -> None:
    """Take the schema back to REVISION; "base" removes it with all pictures, captions and embeddings.

    \b
    clipsql db downgrade 0001
    """
    if not yes:
        click.confirm(
            f"Go back to revision {revision}? Tables that it does not have are dropped with their rows.",
            abort=True,
        )
    with open_database(settings, check_revision=False) as engine:
        migrating.downgrade(engine, revision=revision)
        click.echo(f"Database is at revision {migrating.revisions(engine).current or 'base'}.")


@db.command()
@database_option
def check(settings: Settings) -> None:
    """Compare the database with what this clipsql makes; each difference is a line with its remedy.

    Revision, pgvector, tables, indexes, functions, views, types, comments and rights. Nothing is changed, and no
    search waits.

    \b
    clipsql db check
    """
    with open_database(settings, check_revision=False) as engine:
        migrating.require_current(engine)
        for warning in preparing.pgvector_warnings(preparing.pgvector_version(engine) or ()):
            warn(warning)
        differences = migrating.differences(engine)
        keeper = migrating.keeper(engine)
    for difference in differences:
        click.echo(difference)
    if differences:
        raise DatabaseNotReady(
            f"The database differs from what this clipsql makes in {len(differences)} things."
        )
    click.echo(f"Database is as it should be, kept by {keeper}.")


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@database_option
def psql(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; ARGUMENTS go to psql.

    \b
    clipsql db psql
    clipsql db psql -c "select * from clipsql.collection_stats"
    """
    address = database_url(settings)
    program = EmbeddedServer.client_program("psql")
    # The URL, which holds a password, must not stand in the process list.
    os.execvpe(program, [str(program), *arguments], {**os.environ, **_libpq_environment(address)})


def _libpq_environment(address: str) -> dict[str, str]:
    """The parts of a database URL as the environment variables that libpq reads."""
    parts = psycopg.pq.Conninfo.parse(address.encode())
    return {part.envvar.decode(): part.val.decode() for part in parts if part.envvar and part.val}


db.add_command(settings_group)
db.add_command(extension_command)
db.add_command(adopt_command)


def _embedded(settings: Settings) -> EmbeddedServer:
    if settings.database_url is not None:
        raise ConfigurationError(
            "The database is a server of your own (--database-url or CLIPSQL_DATABASE_URL); "
            "start and stop it with its own tools, or leave the URL away for the embedded server."
        )
    return EmbeddedServer(settings.home)
