"""The shards of a coordinator, the slots that lie on them, and how a program that writes there itself reaches them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine
from clipsql.db.statements import Driver, driver_connection, may_do_nothing
from clipsql.db.transactions import Database, reading
from clipsql.errors import ConfigurationError, DatabaseNotReady, InvalidArgument

SLOTS = 1024
"""Parts of all pictures; each lies on one shard, whole."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A database that holds the pictures of some slots; `address` is HOST:PORT/DATABASE."""

    shard_id: int
    name: str
    server: str
    address: str
    slots: int


@dataclass(frozen=True, kw_only=True)
class Placing:
    """The shards of a coordinator as they are reached, and shard_id by slot."""

    engines: Mapping[int, Engine]
    slots: list[int]

    def shard_of(self, url: str) -> int:
        """shard_id of the shard where a picture of that address belongs."""
        return self.slots[slot_of(url)]


def slot_of(url: str) -> int:
    """The slot in which a picture of that address lies, as clipsql_private.slot_of counts it."""
    digest = hashlib.sha256(url.split("#", 1)[0].encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:2]) >> 6


def has_shards(database: Database) -> bool:
    """Whether a database is a coordinator, whose pictures lie on shards."""
    with reading(database) as connection:
        return bool(connection.exec_driver_sql("select clipsql_private.has_shards()").scalar())


def refuse_shards(database: Database, what: str) -> None:
    """Raise ConfigurationError on a coordinator, for what is about the pictures of one database only."""
    if has_shards(database):
        raise ConfigurationError(
            f"{what} does not reach over shards, on which the pictures of this database lie; run it on each of "
            '"clipsql shard list".'
        )


def list_shards(engine: Engine) -> list[Shard]:
    """The shards of a database, in the order in which they were added; none unless it is a coordinator."""
    if not has_shards(engine):
        return []
    with reading(engine) as connection:
        return known_shards(driver_connection(connection))


def require_shard(engine: Engine, name: str) -> Shard:
    """The shard of that name. Raises InvalidArgument, which tells those that there are."""
    known = {shard.name: shard for shard in list_shards(engine)}
    if name not in known:
        raise InvalidArgument(f'There is no shard "{name}"; there is: {", ".join(known) or "none"}.')
    return known[name]


@contextmanager
def shard_engines(engine: Engine) -> Iterator[dict[int, Engine]]:
    """Engines on all shards, by shard_id, which end with the block.

    Raises DatabaseNotReady for a role that may not see their passwords: the owner of clipsql's tables may.
    """
    opened: dict[int, Engine] = {}
    try:
        for shard in list_shards(engine):
            opened[shard.shard_id] = create_engine(_url(engine, shard))
        yield opened
    finally:
        for target in opened.values():
            target.dispose()


@contextmanager
def where_pictures_lie(engine: Engine) -> Iterator[list[Engine]]:
    """The databases that hold the pictures: the shards where there are some, else this one."""
    with shard_engines(engine) as engines:
        yield list(engines.values()) or [engine]


@contextmanager
def placing(engine: Engine) -> Iterator[Placing | None]:
    """Where pictures are to be written while the block lasts, for no slot moves meanwhile; None without shards.

    Slots that are being moved are waited for. The lock is that of a transaction that holds nothing else.
    """
    if not has_shards(engine):
        yield None
        return
    with shard_engines(engine) as engines, engine.connect() as connection:
        driver = driver_connection(connection)
        may_do_nothing(driver)
        driver.execute("lock table clipsql_private.slot in row share mode")
        rows = driver.execute("select s.shard_id from clipsql_private.slot as s order by s.slot").fetchall()
        yield Placing(engines=engines, slots=[shard_id for (shard_id,) in rows])


def known_shards(driver: Driver) -> list[Shard]:
    """The shards as a connection sees them, in the order in which they were added."""
    rows = driver.execute(
        """
        select h.shard_id, h.name, h.server, coalesce(a.address, ''),
            (select count(*) from clipsql_private.slot as s where s.shard_id = h.shard_id)
        from clipsql_private.shard as h
        left join lateral (
            select concat(max(o.option_value) filter (where o.option_name = 'host'),
                ':' || max(o.option_value) filter (where o.option_name = 'port'),
                '/' || max(o.option_value) filter (where o.option_name = 'dbname')) as address
            from pg_catalog.pg_foreign_server as f
            cross join lateral pg_options_to_table(f.srvoptions) as o
            where f.srvname = h.server
        ) as a on true
        order by h.shard_id
        """
    )
    return [
        Shard(shard_id=number, name=name, server=server, address=address, slots=slots)
        for number, name, server, address, slots in rows
    ]


def _url(engine: Engine, shard: Shard) -> str:
    """The URL of a shard, with its password."""
    with reading(engine) as connection:
        row = (
            driver_connection(connection)
            .execute(
                """
            select f.srvoptions, m.umoptions
            from pg_catalog.pg_foreign_server as f
            join pg_catalog.pg_user_mappings as m on m.srvid = f.oid
            where f.srvname = %s and m.umoptions is not null
            """,
                (shard.server,),
            )
            .fetchone()
        )
    if row is None:
        raise DatabaseNotReady(
            f"This role may not see how shard {shard.name} is reached; run this as the owner of clipsql's tables, "
            "or on the shard itself."
        )
    options = dict(option.split("=", 1) for options in row for option in options)
    port = options.pop("port", None)
    return URL.create(
        "postgresql",
        username=options.pop("user", None),
        password=options.pop("password", None),
        host=options.pop("host", None),
        port=None if port is None else int(port),
        database=options.pop("dbname", None),
        query=options,
    ).render_as_string(hide_password=False)
