"""The files with which PostgreSQL itself makes the schema: `create extension clipsql`, from the same migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from clipsql import assets
from clipsql.db.schema import migrating
from clipsql.db.schema.membership import ADOPTED, EXTENSION, IS_MEMBER, MEMBERS
from clipsql.db.schema.preparing import PREPARATION_OF_EXTENSION, PREPARATION_OF_UPDATE
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base

_COMMENT = "CLIP image search: pictures found by words, by pictures, and by what is known of them"

_CONTROL = f"""\
comment = '{_COMMENT}'
default_version = '{{version}}'
schema = {SCHEMA}
relocatable = false
requires = 'vector'
# Nothing in it needs a superuser: who creates it owns what it makes.
superuser = false
trusted = true
"""

_NO_PSQL = '\\echo Use "{statement}" to load this file. \\quit\n'

# Whatever a script makes becomes a member. Partitions, and what users built and the script has made anew, shall be
# dumped with their definition, so they may not stay.
_SETTLE_MEMBERS = f"""\
do $members$
declare
    one record;
begin
    for one in {MEMBERS}
        and o.type <> 'schema'
        and (o.schema is null or o.schema not in ('{SCHEMA}', '{PRIVATE_SCHEMA}')
             or exists (select from pg_catalog.pg_inherits as h
                        where d.classid = 'pg_catalog.pg_class'::regclass and h.inhrelid = d.objid))
        order by d.classid desc, right(o.identity, 2) = '[]' loop  -- a table, its type, its array
        continue when not {IS_MEMBER};  -- in some releases they go together
        execute format('alter extension {EXTENSION} drop %s %s', one.type, one.identity);
    end loop;
    -- Their rows are users', so a dump has them. The revision is the script's own.
    for one in
        {MEMBERS}
        and (o.type = 'sequence' or o.type = 'table' and o.identity <> '{PRIVATE_SCHEMA}.revision'
             and not exists (select from pg_catalog.pg_partitioned_table as p where p.partrelid = d.objid))
        order by o.identity
    loop
        perform pg_catalog.pg_extension_config_dump(one.identity::regclass, '');
    end loop;
end
$members$;
"""  # noqa: S608


def write_extension(folder: Path, *, version: str) -> list[Path]:
    """Write the files into `extension/` under a share folder, and return their paths; raises OSError.

    `version` is that of this clipsql.
    """
    target = folder / "extension"
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in extension_files(version=version, releases=assets.releases()).items():
        path = target / name
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def extension_files(*, version: str, releases: Mapping[str, str]) -> dict[str, str]:
    """The text of each file by name: control, scripts of `version`, updates from each release (version: revision)."""
    script = install_script()
    return {
        f"{EXTENSION}.control": _CONTROL.format(version=version),
        f"{EXTENSION}--{version}.sql": _NO_PSQL.format(statement=f"create extension {EXTENSION}") + script,
        **{
            f"{EXTENSION}--{old}--{version}.sql": _NO_PSQL.format(
                statement=f"alter extension {EXTENSION} update to '{version}'"
            )
            + update_script(revision)
            for old, revision in releases.items()
            if old != version
        },
        f"{EXTENSION}--{ADOPTED}.sql": "-- Nothing: an update takes in what migrations have made (clipsql db adopt).\n",
        f"{EXTENSION}--{ADOPTED}--{version}.sql": _NO_PSQL.format(statement="clipsql db adopt")
        + adopting_script(),
        f"{EXTENSION}.pg_tle.sql": _pg_tle_script(version, script),
    }


def install_script(revision: str = "head") -> str:
    """What `create extension` runs."""
    steps = migrating.upgrade_script(revision, of_extension=True)
    # Nothing is there yet; whatever somebody has put in its place is refused.
    steps = re.sub(r"^create or replace (function|view) ", r"create \1 ", steps, flags=re.MULTILINE)
    return f"{PREPARATION_OF_EXTENSION};\n\n{steps}\n{_SETTLE_MEMBERS}"


def update_script(old: str, new: str = "head") -> str:
    """What `alter extension update` runs, from one revision to another."""
    steps = migrating.upgrade_script(f"{old}:{new}", of_extension=True)
    return f"{PREPARATION_OF_UPDATE};\n\n{steps}\n{_SETTLE_MEMBERS}"


def adopting_script() -> str:
    """What makes members of all that migrations have made, in a database at the newest revision."""
    return "".join(f"alter extension {EXTENSION} add {member};\n" for member in _members()) + _SETTLE_MEMBERS


def _members() -> list[str]:
    """Kind and name of what migrations make, which is what the script of the extension makes."""
    tables = [table for table in Base.metadata.sorted_tables if table.schema]
    return [
        f"schema {PRIVATE_SCHEMA}",
        f"table {PRIVATE_SCHEMA}.revision",
        *(f"table {table.fullname}" for table in tables),
        *(
            f"sequence {table.schema}.{table.name}_{column.name}_seq"
            for table in tables
            for column in table.columns
            if column.identity is not None
        ),
        *(
            f"{folder.removesuffix('s')} {assets.qualified_name(folder, name)}"
            for folder in ("types", "functions", "views")
            for name in sorted(assets.newest_sql_files(folder))
        ),
    ]


def _pg_tle_script(version: str, script: str) -> str:
    tag = "clipsql"
    while f"${tag}$" in script:
        tag += "_"
    return (
        "-- For servers on which files cannot be laid but the extension pg_tle is. Run it once, then:\n"
        f"-- create schema {SCHEMA}; create extension {EXTENSION} schema {SCHEMA};\n"
        f"select pgtle.install_extension('{EXTENSION}', '{version}', '{_COMMENT}', ${tag}$\n{script}${tag}$,"
        " array['vector']);\n"
    )
