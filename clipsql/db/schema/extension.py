"""The files with which PostgreSQL itself makes the schema: `create extension clipsql`, from the same migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import Connection, Engine

from clipsql import assets
from clipsql.db.schema import migrating
from clipsql.db.schema.membership import ADOPTED, EXTENSION, can_adopt, extension_version
from clipsql.db.schema.preparing import PREPARATION_OF_EXTENSION, PREPARATION_OF_UPDATE
from clipsql.db.statements import driver_connection
from clipsql.db.tables.base import PRIVATE_SCHEMA, SCHEMA, Base
from clipsql.db.transactions import writing
from clipsql.errors import DatabaseNotReady

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

_MEMBERS = f"""\
        select replace(o.type, 'composite type', 'type') as type, o.identity, d.classid, d.objid
        from pg_catalog.pg_depend as d
        join pg_catalog.pg_extension as e on e.oid = d.refobjid and e.extname = '{EXTENSION}'
        cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) as o
        where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'"""  # noqa: S608  of constants, as the others

_IS_MEMBER = """\
exists (select from pg_catalog.pg_depend as d
                                      where d.classid = one.classid and d.objid = one.objid and d.deptype = 'e')"""

# Whatever a script makes becomes a member. Partitions, and what users built and the script has made anew, shall be
# dumped with their definition, so they may not stay.
_SETTLE_MEMBERS = f"""\
do $members$
declare
    one record;
begin
    for one in {_MEMBERS}
        and o.type <> 'schema'
        and (o.schema is null or o.schema not in ('{SCHEMA}', '{PRIVATE_SCHEMA}')
             or exists (select from pg_catalog.pg_inherits as h
                        where d.classid = 'pg_catalog.pg_class'::regclass and h.inhrelid = d.objid))
        order by d.classid desc, right(o.identity, 2) = '[]' loop  -- a table, its type, its array
        continue when not {_IS_MEMBER};  -- in some releases they go together
        execute format('alter extension {EXTENSION} drop %s %s', one.type, one.identity);
    end loop;
    -- Their rows are users', so a dump has them. The revision is the script's own.
    for one in
        {_MEMBERS}
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


def adopt(engine: Engine, *, version: str) -> bool:
    """Make all that migrations have made the extension's, in one transaction; False where it is already.

    Raises DatabaseNotReady where the database is at another revision, or the server has no files of this version.
    """
    migrating.require_current(engine)
    with writing(engine) as connection:
        migrating.lock(connection)
        if extension_version(connection) is not None:
            return False
        _refuse_tenants(connection)
        if not can_adopt(connection, version):
            raise DatabaseNotReady(
                f"The server has no files of the extension {EXTENSION} {version}; "
                "write them into its share folder: clipsql db extension --write DIR."
            )
        driver = driver_connection(connection)
        # What a member has when it comes in counts as the script's own, and is not dumped; what users granted is not.
        rights = driver.execute(_USERS_RIGHTS).fetchall()
        for revoke, _ in rights:
            driver.execute(revoke.encode())
        driver.execute(f"create extension {EXTENSION} version '{ADOPTED}'".encode())
        driver.execute(f"alter extension {EXTENSION} update to '{version}'".encode())
        for _, grant in rights:
            driver.execute(grant.encode())
    return True


_USERS_RIGHTS = b"""
    with object as (
        select case c.relkind when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as target,
            c.relacl as rights, c.relowner as owner
        from pg_catalog.pg_class as c
        where c.relnamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace) and not c.relispartition
        union all
        select 'routine', p.oid::regprocedure::text, p.proacl, p.proowner
        from pg_catalog.pg_proc as p
        where p.pronamespace in ('clipsql'::regnamespace, 'clipsql_private'::regnamespace)
        union all
        select 'schema', n.nspname, n.nspacl, n.nspowner
        from pg_catalog.pg_namespace as n
        where n.oid = 'clipsql_private'::regnamespace
    ), granted as (
        select format('%s on %s %s', x.privilege_type, o.kind, o.target) as what,
            case x.grantee when 0 then 'public' else x.grantee::regrole::text end as grantee, x.is_grantable
        from object as o
        cross join lateral aclexplode(o.rights) as x
        where x.grantee not in (o.owner, 'clipsql_reader'::regrole, 'clipsql_writer'::regrole)
            and (x.grantee <> 0 or o.kind <> 'routine')
    )
    select format('revoke %s from %s', g.what, g.grantee),
        format('grant %s to %s%s', g.what, g.grantee, case when g.is_grantable then ' with grant option' else '' end)
    from granted as g
"""


def leave(engine: Engine) -> bool:
    """Take the extension away and keep all that it made, in one transaction; False where there is none."""
    with writing(engine) as connection:
        migrating.lock(connection)
        if extension_version(connection) is None:
            return False
        driver_connection(connection).execute(_LEAVE.encode())
    return True


_LEAVE = f"""\
do $leave$
declare
    one record;
begin
    for one in {_MEMBERS}
        order by d.classid desc, right(o.identity, 2) = '[]' loop  -- a table, its type, its array
        continue when not {_IS_MEMBER};  -- in some releases they go together
        execute format('alter extension {EXTENSION} drop %s %s', one.type, one.identity);
    end loop;
    drop extension {EXTENSION};
end
$leave$"""


def _refuse_tenants(connection: Connection) -> None:
    if connection.exec_driver_sql(
        f"select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = '{SCHEMA}.image'::regclass"  # noqa: S608
    ).scalar_one():
        raise DatabaseNotReady(
            f"{SCHEMA}.image has row-level security, and pg_dump leaves the policies of an extension's tables out: "
            "a restored copy would show every picture to everybody. Stay with migrations."
        )
