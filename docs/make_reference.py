"""Write docs/reference/ from the help of every command and the comments of every public function, table and column.

    python docs/make_reference.py

It makes an empty database on the server that CLIPSQL_DATABASE_URL names, else on the embedded one, and drops it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.cli import main as clipsql
from clipsql.config import Settings
from clipsql.db.engine import create_engine
from clipsql.db.opening import database_url
from clipsql.db.schema import migrating

FOLDER = Path(__file__).resolve().parent / "reference"
WIDTH = 100
_MADE = "<!-- Made by docs/make_reference.py; change the {source} instead. -->\n"
_DATABASE = "clipsql_reference"

_FUNCTIONS = """
    select p.proname as name, obj_description(p.oid, 'pg_proc') as comment, pg_get_function_result(p.oid) as result,
           array(select concat_ws(' ', p.proargnames[a.number], format_type(a.type, null),
                                  'default ' || pg_get_function_arg_default(p.oid, a.number::integer))
                 from unnest(p.proargtypes::oid[]) with ordinality as a (type, number) order by a.number) as arguments
    from pg_proc as p
    where p.pronamespace = 'clipsql'::regnamespace
    order by p.proname, p.oid
"""
_RELATIONS = """
    select c.relname as name, c.relkind::text as kind, obj_description(c.oid, 'pg_class') as comment,
           obj_description(c.reltype, 'pg_type') as type_comment,
           array(select jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                                          col_description(c.oid, a.attnum))
                 from pg_attribute as a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 order by a.attnum) as columns
    from pg_class as c
    where c.relnamespace = 'clipsql'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'c')
    order by c.relname
"""
_NO_CAST = re.compile(r"::[\w ]+(\[\])?$")
"""Of a default, which the type before it says already."""
_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialised view", "c": "type"}


def pages(connection: Connection) -> dict[str, str]:
    """The text of each page by its file's name; the connection is to a database at the newest revision."""
    connection.execute(sa.text("set local search_path = public"))  # so that our own names are written in full
    return {
        "README.md": _contents(),
        "commands.md": _commands(),
        "functions.md": _functions(connection),
        "tables.md": _tables(connection),
    }


def _contents() -> str:
    return _MADE.format(source="program") + (
        "# Reference\n\n"
        "- [Commands](commands.md): what `--help` says.\n"
        "- [Functions](functions.md): what `\\df+ clipsql.*` says in psql.\n"
        "- [Tables, views and types](tables.md): what `\\d+ clipsql.*` says.\n"
    )


def _commands() -> str:
    context = click.Context(clipsql, info_name="clipsql", terminal_width=WIDTH, **clipsql.context_settings)
    parts = [_MADE.format(source="commands' own help"), "# Commands\n"]
    for command in _walk(context):
        parts.append(f"\n## {command.command_path}\n\n```text\n{command.get_help().rstrip()}\n```\n")
    return "".join(parts)


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _walk(click.Context(child, info_name=name, parent=context, terminal_width=WIDTH))


def _functions(connection: Connection) -> str:
    concerns = {name: file.parent.name for name, file in assets.newest_sql_files("functions").items()}
    functions = list(connection.execute(sa.text(_FUNCTIONS)))
    parts = [_MADE.format(source="files in sql/functions/"), "# Functions\n"]
    for concern in sorted({concerns[function.name] for function in functions}):
        parts.append(f"\n## {concern.replace('_', ' ').capitalize()}\n")
        for function in functions:
            if concerns[function.name] == concern:
                arguments = ",\n".join(f"    {_NO_CAST.sub('', argument)}" for argument in function.arguments)
                call = f"clipsql.{function.name}(\n{arguments}\n)\nreturns {function.result}"
                parts.append(f"\n### {function.name}\n\n{function.comment or ''}\n\n```text\n{call}\n```\n")
    return "".join(parts)


def _tables(connection: Connection) -> str:
    parts = [_MADE.format(source="comments in migrations/ and sql/"), "# Tables, views and types\n"]
    for relation in connection.execute(sa.text(_RELATIONS)):
        comment = relation.comment or relation.type_comment or ""
        parts.append(f"\n## {relation.name}\n\nA {_KINDS[relation.kind]}. {comment}".rstrip() + "\n\n")
        parts.append("| column | type | |\n|---|---|---|\n")
        for name, kind, about in relation.columns:
            parts.append(f"| `{name}` | `{kind}` | {(about or '').replace('|', chr(92) + '|')} |\n")
    return "".join(parts)


@contextmanager
def _fresh_database() -> Iterator[Engine]:
    """A database of its own at the newest revision: whatever others hold shows in no page."""
    server = create_engine(database_url(Settings.from_environment()))
    autocommit = server.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        connection.exec_driver_sql(f"drop database if exists {_DATABASE}")
        connection.exec_driver_sql(f"create database {_DATABASE} template template0")
        engine = create_engine(server.url.set(database=_DATABASE).render_as_string(hide_password=False))
        try:
            migrating.upgrade(engine)
            yield engine
        finally:
            engine.dispose()
            connection.exec_driver_sql(f"drop database {_DATABASE}")
    server.dispose()


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    with _fresh_database() as engine, engine.connect() as connection:
        for name, text in pages(connection).items():
            (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
