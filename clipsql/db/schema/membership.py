"""Tell whether a database's schema is that of an extension, and have PostgreSQL bring the extension up to date."""

from __future__ import annotations

from sqlalchemy.engine import Connection

EXTENSION = "clipsql"
"""Its name in `create extension`."""
ADOPTED = "adopted"
"""Its version while it has no members yet; an update from there takes in what migrations have made."""

MEMBERS = """\
        select replace(o.type, 'composite type', 'type') as type, o.identity, d.classid, d.objid
        from pg_catalog.pg_depend as d
        join pg_catalog.pg_extension as e on e.oid = d.refobjid and e.extname = 'clipsql'
        cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) as o
        where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'"""
"""A query of its members, as `alter extension` calls them; a condition and an order may follow."""
IS_MEMBER = """\
exists (
            select from pg_catalog.pg_depend as d
            where d.classid = one.classid and d.objid = one.objid and d.deptype = 'e')"""
"""Whether the row `one` of that query still is one."""


def extension_version(connection: Connection) -> str | None:
    """Version of the extension that the schema belongs to; None where migrations have made it."""
    found: str | None = connection.exec_driver_sql(
        "select extversion from pg_catalog.pg_extension where extname = 'clipsql'"
    ).scalar()
    return found


def update_extension(connection: Connection) -> None:
    """Bring the extension to the version that the files on the server have by default, if they have a way there."""
    way = connection.exec_driver_sql(
        """
        select u.path
        from pg_catalog.pg_extension as e
        join pg_catalog.pg_available_extensions as a on a.name = e.extname and a.default_version <> e.extversion
        join pg_catalog.pg_extension_update_paths('clipsql') as u
            on u.source = e.extversion and u.target = a.default_version
        where e.extname = 'clipsql'
        """
    ).scalar()
    if way is not None:
        connection.exec_driver_sql(f"alter extension {EXTENSION} update")


def can_adopt(connection: Connection, version: str) -> bool:
    """Whether the files on the server take in what migrations of a version have made."""
    ways = connection.exec_driver_sql(
        """
        select u.target
        from pg_catalog.pg_available_extensions as a
        cross join pg_catalog.pg_extension_update_paths('clipsql') as u
        where a.name = 'clipsql' and u.source = 'adopted' and u.path is not null
        """
    )
    return version in set(ways.scalars())
