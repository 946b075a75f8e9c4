"""Make databases shards of a coordinator, and take them off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db.engine import create_engine, database_message
from clipsql.db.schema import migrating
from clipsql.db.shards.checking import OTHER_MODEL, descriptions, model_problems
from clipsql.db.shards.listing import SLOTS, Shard, known_shards, require_shard
from clipsql.db.statements import Driver, counted, driver_connection
from clipsql.db.transactions import writing
from clipsql.errors import ConfigurationError, DatabaseNotReady, InvalidArgument

_NUMBERS = 2**40
"""Pictures, captions and regions that one shard may number. Times 8,192 shards they are still exact in JSON."""
_NUMBERED = {"image": "image_id", "caption": "caption_id", "image_region": "region_id"}
_OF_A_ROLE = ("user", "password", "sslpassword")


def add_shard(engine: Engine, url: str, *, name: str | None = None) -> Shard:
    """Make a database a shard of this one, which becomes a coordinator by the first.

    While no picture is anywhere, all shards get as many slots; after that a new one has none until slots are moved.
    Both databases must be at the newest revision. Raises ConfigurationError, DatabaseNotReady, InvalidArgument.
    """
    options = _options(url)
    label = name or str(options.get("dbname") or "shard")
    target = create_engine(url)
    try:
        migrating.require_current(target)
        with writing(engine) as here, writing(target) as there:
            driver, remote = driver_connection(here), driver_connection(there)
            driver.execute("lock table clipsql_private.shard in share row exclusive mode")
            known = known_shards(driver)
            owner = _require_coordinator(driver)
            if label in [shard.name for shard in known]:
                raise InvalidArgument(f'There is a shard "{label}" already; give this one another --name.')
            _require_another(driver, remote, known)
            number = counted(
                driver, "select nextval(pg_get_serial_sequence('clipsql_private.shard', 'shard_id'))"
            )
            held = counted(remote, "select count(*) from (select from clipsql.image limit 1) as i")
            if known and held:
                raise InvalidArgument(
                    f'Database "{label}" has pictures already, whose numbers others may have; only the first shard '
                    "may have some: add an empty database, and ingest into it."
                )
            _number_from(remote, number)
            if not known:
                driver.execute(
                    "create trigger is_coordinator before insert on clipsql.image"
                    " for each statement execute function clipsql_private.refuse_picture()"
                )
            server = f"clipsql_shard_{number}"
            _make_server(driver, server, owner, options)
            driver.execute(
                "insert into clipsql_private.shard (shard_id, name, server) overriding system value"
                " values (%s, %s, %s)",
                (number, label, server),
            )
            told = descriptions(driver)
            if told[number].get("problem"):
                raise DatabaseNotReady(
                    f"The server of this database cannot ask shard {label}: {told[number]['problem']}."
                )
            if not any(one.get("answer", {}).get("pictures", 1) for one in told.values()) or not known:
                _spread(driver)
            for problem in model_problems(driver, told[number]["answer"]):
                if problem.endswith(OTHER_MODEL):
                    raise DatabaseNotReady(f"Shard {label}: {problem}.")
            return next(shard for shard in known_shards(driver) if shard.shard_id == number)
    finally:
        target.dispose()


def remove_shard(engine: Engine, name: str) -> None:
    """Make a database no shard any more; it stays as it is. Raises InvalidArgument while it holds pictures of others.

    The last shard goes whatever it holds: this database is no coordinator then.
    """
    shard = require_shard(engine, name)
    with writing(engine) as connection:
        driver = driver_connection(connection)
        driver.execute("lock table clipsql_private.slot in exclusive mode")
        rest = [other for other in known_shards(driver) if other.shard_id != shard.shard_id]
        if rest:
            told = descriptions(driver)
            problem = told[shard.shard_id].get("problem")
            if problem and shard.slots:
                raise DatabaseNotReady(
                    f"Shard {name} gives no answer: {problem}; start it, so that its pictures can be moved."
                )
            pictures = 0 if problem else told[shard.shard_id]["answer"]["pictures"]
            if pictures:
                raise InvalidArgument(
                    f'Shard "{name}" holds {pictures:,} pictures; move them to the others first: '
                    f'"clipsql shard remove {name} --drain".'
                )
            driver.execute(
                "update clipsql_private.slot set shard_id = %s, moved_at = clock_timestamp() where shard_id = %s",
                (rest[0].shard_id, shard.shard_id),
            )
        else:
            driver.execute("delete from clipsql_private.slot")
            driver.execute("drop trigger is_coordinator on clipsql.image")
        driver.execute("delete from clipsql_private.shard where shard_id = %s", (shard.shard_id,))
        driver.execute(sql.SQL("drop server {} cascade").format(sql.Identifier(shard.server)))
        if rest and not any(
            one.get("answer", {}).get("pictures", 1) for key, one in told.items() if key != shard.shard_id
        ):
            _spread(driver)


def _options(url: str) -> dict[str, Any]:
    """The parts of a URL as libpq names them. Raises ConfigurationError."""
    engine = create_engine(url)  # which says what is wrong with it
    _, options = engine.dialect.create_connect_args(engine.url)
    return {name: value for name, value in options.items() if name != "context"}  # which is psycopg's own


def _require_coordinator(driver: Driver) -> str:
    """Owner of clipsql's tables, which may have shards and has dblink. Raises DatabaseNotReady, InvalidArgument."""
    row = driver.execute(
        """
        select pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'usage'), c.relrowsecurity,
            exists (select from clipsql.image), exists (select from pg_catalog.pg_extension where extname = 'dblink')
        from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass
        """
    ).fetchone()
    assert row is not None
    owner, is_owner, hides, has_pictures, has_dblink = row
    if not is_owner:
        raise DatabaseNotReady(f"Only the owner of clipsql's tables adds shards; let {owner} run this.")
    if has_pictures:
        raise InvalidArgument(
            "This database has pictures of its own, and a coordinator has none; make an empty database the coordinator "
            "(clipsql db upgrade), and add this one to it as the first shard."
        )
    if hides:
        raise DatabaseNotReady(
            "Row-level security on clipsql.image does not reach over shards; take it off first."
        )
    if not has_dblink:
        try:
            with driver.transaction():
                driver.execute("create extension dblink")
        except psycopg.Error as error:
            raise DatabaseNotReady(
                f"Shards need PostgreSQL's extension dblink ({database_message(error)}); let a superuser run: "
                f"create extension dblink; grant usage on foreign data wrapper dblink_fdw to {owner}."
            ) from error
    return str(owner)


def _require_another(driver: Driver, remote: Driver, known: Sequence[Shard]) -> None:
    """Raise InvalidArgument for this database itself, one of its shards, or another coordinator."""
    if counted(remote, "select count(*) from clipsql_private.shard"):
        raise InvalidArgument("That database has shards of its own; a coordinator cannot be a shard.")
    # A lock that is held here is held nowhere else.
    driver.execute("select pg_advisory_xact_lock(hashtext('clipsql shard'))")
    if remote.execute("select pg_try_advisory_xact_lock(hashtext('clipsql shard'))").fetchone() != (True,):
        raise InvalidArgument(
            "That is this database itself, or another shard is being added to it; name another one."
        )
    for shard in known:
        told = driver.execute(
            "select a.answer -> 'is_locked' from clipsql_private.ask_shards('shard_is_locked', '{}', %s) as a",
            (shard.shard_id,),
        ).fetchone()
        if told == (True,):
            raise InvalidArgument(f'That database is shard "{shard.name}" already.')


def _number_from(remote: Driver, number: int) -> None:
    """Have a shard give numbers of its own. Raises DatabaseNotReady when it has used others."""
    first = number * _NUMBERS + 1
    for table, column in _NUMBERED.items():
        row = remote.execute(
            sql.SQL("select max({}) from {}").format(sql.Identifier(column), sql.Identifier("clipsql", table))
        ).fetchone()
        greatest = (row and row[0]) or 0
        if greatest >= first + _NUMBERS - 1:
            raise DatabaseNotReady(f"The numbers of clipsql.{table} there are too great for a shard.")
        if greatest < first:
            remote.execute(
                "select setval(pg_get_serial_sequence(%s, %s), %s, false)",
                (f"clipsql.{table}", column, first),
            )


def _make_server(driver: Driver, server: str, owner: str, options: dict[str, Any]) -> None:
    of_server = {"connect_timeout": "5", "tcp_user_timeout": "30000", "application_name": "clipsql"} | {
        name: value for name, value in options.items() if name not in _OF_A_ROLE
    }
    of_role = {name: value for name, value in options.items() if name in _OF_A_ROLE}
    try:
        driver.execute(
            sql.SQL("create server {} foreign data wrapper dblink_fdw options ({})").format(
                sql.Identifier(server), _listed(of_server)
            )
        )
        driver.execute(
            sql.SQL("create user mapping for {} server {} options ({})").format(
                sql.Identifier(owner), sql.Identifier(server), _listed(of_role)
            )
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseNotReady(
            f"{database_message(error)}; let a superuser run: "
            f"grant usage on foreign data wrapper dblink_fdw to {owner}."
        ) from error
    except psycopg.Error as error:  # an option that dblink does not take
        raise ConfigurationError(
            f"The URL of the shard cannot be used: {database_message(error)}."
        ) from error


def _listed(options: dict[str, Any]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(str(value)))
        for name, value in options.items()
    )


def _spread(driver: Driver) -> None:
    """Give all shards as many slots, each a run of them."""
    driver.execute(
        """
        insert into clipsql_private.slot (slot, shard_id)
        select s.slot, h.shard_id
        from generate_series(0, %(slots)s - 1) as s(slot)
        join (
            select h.shard_id, row_number() over (order by h.shard_id) - 1 as place, count(*) over () as shards
            from clipsql_private.shard as h
        ) as h on s.slot * h.shards / %(slots)s = h.place
        on conflict (slot) do update set shard_id = excluded.shard_id, moved_at = clock_timestamp()
        """,
        {"slots": SLOTS},
    )
