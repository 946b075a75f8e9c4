"""The shards of a coordinator: databases that each hold a part of the pictures, added, looked after and removed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, Engine

from clipsql.db.engine import create_engine, database_errors, database_message
from clipsql.db.schema import migrating
from clipsql.db.statements import Driver, counted, driver_connection
from clipsql.db.transactions import reading, writing
from clipsql.errors import ConfigurationError, DatabaseNotReady, InvalidArgument

SLOTS = 1024
"""Parts of all pictures; each lies on one shard, whole."""
_NUMBERS = 2**40
"""Pictures, captions and regions that one shard may number. Times 8,192 shards they are still exact in JSON."""
_NUMBERED = {"image": "image_id", "caption": "caption_id", "image_region": "region_id"}
_OF_A_ROLE = ("user", "password", "sslpassword")
_LEAST_LIKENESS = 0.999
"""Cosine of one text's vectors on two servers: processors round differently, other weights give another vector."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A database that holds the pictures of some slots; `address` is HOST:PORT/DATABASE."""

    shard_id: int
    name: str
    server: str
    address: str
    slots: int


@dataclass(frozen=True, kw_only=True)
class ShardState:
    """How a shard is: what is wrong with it, one line each, and what it holds as far as it answers."""

    shard: Shard
    problems: Sequence[str]
    pictures: int | None = None
    pending: int | None = None
    failed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShardUrl:
    """A shard as a program reaches it; the URL has the password."""

    shard: Shard
    url: str = field(repr=False)


def slot_of(url: str) -> int:
    """The slot in which a picture of that address lies, as clipsql_private.slot_of counts it."""
    digest = hashlib.sha256(url.split("#", 1)[0].encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:2]) >> 6


def list_shards(engine: Engine) -> list[Shard]:
    """The shards of a database, in the order in which they were added; none unless it is a coordinator."""
    with reading(engine) as connection:
        return _shards(driver_connection(connection))


def require_shard(engine: Engine, name: str) -> Shard:
    """The shard of that name. Raises InvalidArgument, which tells those that there are."""
    known = {shard.name: shard for shard in list_shards(engine)}
    if name not in known:
        raise InvalidArgument(f'There is no shard "{name}"; there is: {", ".join(known) or "none"}.')
    return known[name]


def add_shard(engine: Engine, url: str, *, name: str | None = None) -> tuple[Shard, list[str]]:
    """Make a database a shard of this one, which becomes a coordinator by the first; returns it and warnings.

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
            known = _shards(driver)
            owner = _require_coordinator(driver)
            if label in [shard.name for shard in known]:
                raise InvalidArgument(f'There is a shard "{label}" already; give this one another --name.')
            _require_another(driver, remote, known)
            number = max((shard.shard_id for shard in known), default=-1) + 1
            held = counted(remote, "select count(*) from (select from clipsql.image limit 1) as i")
            if known and held:
                raise InvalidArgument(
                    f'Database "{label}" has pictures already, whose numbers may be those of others; only the first shard '
                    "may have some: add an empty database, and ingest into it."
                )
            _number_from(remote, number)
            server = f"clipsql_shard_{number}"
            _make_server(driver, server, owner, options)
            driver.execute(
                "insert into clipsql_private.shard (shard_id, name, server) values (%s, %s, %s)",
                (number, label, server),
            )
            told = _descriptions(driver)
            if told[number].get("problem"):
                raise DatabaseNotReady(
                    f"The server of this database cannot ask shard {label}: {told[number]['problem']}."
                )
            if not any(one.get("answer", {}).get("pictures", 1) for one in told.values()) or not known:
                _spread(driver)
            added = next(shard for shard in _shards(driver) if shard.shard_id == number)
            problems = _model_problems(driver, told[number]["answer"])
            if refused := [problem for problem in problems if "other" in problem]:
                raise DatabaseNotReady(f"Shard {label}: {refused[0]}.")
            return added, problems
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
        rest = [other for other in _shards(driver) if other.shard_id != shard.shard_id]
        if rest:
            told = _descriptions(driver)
            problem = told[shard.shard_id].get("problem")
            if problem and shard.slots:
                raise DatabaseNotReady(f"Shard {name} gives no answer: {problem}; start it, so that its pictures can be moved.")
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
        driver.execute("delete from clipsql_private.shard where shard_id = %s", (shard.shard_id,))
        driver.execute(sql.SQL("drop server {} cascade").format(sql.Identifier(shard.server)))
        if rest and not any(one.get("answer", {}).get("pictures", 1) for key, one in told.items() if key != shard.shard_id):
            _spread(driver)


def check_shards(engine: Engine) -> list[ShardState]:
    """Every shard, with what is wrong: one that is not reached, is at another revision, has other models."""
    with writing(engine) as connection:
        driver = driver_connection(connection)
        shards, told = _shards(driver), _descriptions(driver)
        states = []
        for shard in shards:
            answer = told[shard.shard_id].get("answer")
            if answer is None:
                problem = f"gives no answer: {told[shard.shard_id]['problem']}"
                states.append(ShardState(shard=shard, problems=[problem]))
                continue
            states.append(
                ShardState(
                    shard=shard,
                    problems=_problems(driver, answer),
                    **{name: answer[name] for name in ("pictures", "pending", "failed")},
                )
            )
        return states


@contextmanager
def shard_engines(engine: Engine) -> Iterator[dict[int, tuple[Shard, Engine]]]:
    """Engines on all shards by shard_id, for programs that write there themselves; they end with the block.

    Raises DatabaseNotReady for a role that may not see their passwords: the owner of clipsql's tables may.
    """
    opened = {one.shard.shard_id: (one.shard, create_engine(one.url)) for one in _urls(engine)}
    try:
        yield opened
    finally:
        for _, target in opened.values():
            target.dispose()


def places(engine: Engine) -> list[int]:
    """shard_id by slot."""
    with reading(engine) as connection:
        rows = driver_connection(connection).execute(
            "select s.shard_id from clipsql_private.slot as s order by s.slot"
        )
        return [shard_id for (shard_id,) in rows]


def _shards(driver: Driver) -> list[Shard]:
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


def _urls(engine: Engine) -> list[ShardUrl]:
    with reading(engine) as connection:
        driver = driver_connection(connection)
        found = []
        for shard in _shards(driver):
            row = driver.execute(
                """
                select f.srvoptions, m.umoptions
                from pg_catalog.pg_foreign_server as f
                join pg_catalog.pg_user_mappings as m on m.srvid = f.oid
                where f.srvname = %s and m.umoptions is not null
                """,
                (shard.server,),
            ).fetchone()
            if row is None:
                raise DatabaseNotReady(
                    f"This role may not see how shard {shard.name} is reached; run this as the owner of clipsql's tables, "
                    "or on the shard itself."
                )
            options = dict(option.split("=", 1) for options in row for option in options)
            options.pop("application_name", None)
            url = URL.create(
                "postgresql",
                username=options.pop("user", None),
                password=options.pop("password", None),
                host=options.pop("host", None),
                port=int(port) if (port := options.pop("port", None)) else None,
                database=options.pop("dbname", None),
                query=options,
            )
            found.append(ShardUrl(shard=shard, url=url.render_as_string(hide_password=False)))
        return found


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
        raise DatabaseNotReady("Row-level security on clipsql.image does not reach over shards; take it off first.")
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
        raise InvalidArgument("That is this database itself, or another shard is being added to it; name another one.")
    for shard in known:
        told = driver.execute(
            "select a.answer -> 'is_locked' from clipsql_private.ask_shards('shard_is_locked', '{}', %s) as a", (shard.shard_id,)
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
                "select setval(pg_get_serial_sequence(%s, %s), %s, false)", (f"clipsql.{table}", column, first)
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
            f"{database_message(error)}; let a superuser run: grant usage on foreign data wrapper dblink_fdw to {owner}."
        ) from error
    except psycopg.Error as error:  # an option that dblink does not take
        raise ConfigurationError(f"The URL of the shard cannot be used: {database_message(error)}.") from error


def _listed(options: dict[str, Any]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(str(value))) for name, value in options.items()
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


def _descriptions(driver: Driver) -> dict[int, dict[str, Any]]:
    """By shard_id, what each shard says of itself, as `answer`, or the `problem`."""
    rows = driver.execute(
        "select a.shard_id, a.answer, a.problem from clipsql_private.ask_shards('describe_as_shard', '{}') as a"
    )
    return {
        number: {"answer": answer} if problem is None else {"problem": problem.rstrip(".")}
        for number, answer, problem in rows
    }


def _problems(driver: Driver, answer: dict[str, Any]) -> list[str]:
    found = _model_problems(driver, answer)
    revision = driver.execute("select max(r.version_num) from clipsql_private.revision as r").fetchone()
    if (answer["revision"],) != revision:
        found.append(f'is at revision {answer["revision"]}, this database at {revision and revision[0]}; run "clipsql db upgrade" on both')
    if answer["is_restricted"]:
        found.append("keeps pictures apart by row-level security, which does not reach over shards")
    return found


def _model_problems(driver: Driver, answer: dict[str, Any]) -> list[str]:
    """How the models of a shard differ from those here, one line each."""
    row = driver.execute("select clipsql_private.describe_as_shard('{}')").fetchone()
    assert row is not None
    there = {model["name"]: model for model in answer["models"]}
    found = []
    for model in row[0]["models"]:
        other = there.get(model["name"])
        if other is None:
            found.append(f'lacks model {model["name"]}; run "clipsql model add" there, or ingest')
        elif model["dimensions"] != other["dimensions"] or model["revision"] != other["revision"]:
            found.append(f'model {model["name"]} is another one there; add both databases the same')
        elif model["probe"] and other["probe"] and _likeness(model["probe"], other["probe"]) < _LEAST_LIKENESS:
            found.append(f'model {model["name"]} has other weights there; add both databases the same')
    return found


def _likeness(one: str, other: str) -> float:
    first, second = (np.array(text.strip("[]").split(","), dtype=np.float64) for text in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
