"""Let an extension take over what migrations have made, and leave it to them again."""

from __future__ import annotations

from sqlalchemy.engine import Connection, Engine

from clipsql.db.schema import migrating
from clipsql.db.schema.membership import (
    ADOPTED,
    EXTENSION,
    IS_MEMBER,
    MEMBERS,
    can_adopt,
    extension_version,
)
from clipsql.db.statements import driver_connection
from clipsql.db.tables.base import SCHEMA
from clipsql.db.transactions import writing
from clipsql.errors import DatabaseNotReady


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
    for one in {MEMBERS}
        order by d.classid desc, right(o.identity, 2) = '[]' loop  -- a table, its type, its array
        continue when not {IS_MEMBER};  -- in some releases they go together
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
