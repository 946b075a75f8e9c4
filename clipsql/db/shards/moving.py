"""Move slots between shards, copy and switch, while searches go on: a move that broke off is taken up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby

import psycopg
from psycopg import sql
from sqlalchemy.engine import Engine

from clipsql.db import indexes, percentile_samples, search_rows
from clipsql.db.engine import database_errors
from clipsql.db.models import ModelRow, list_models
from clipsql.db.partitions import EMBEDDING_TABLES
from clipsql.db.pictures.writing import analyze
from clipsql.db.shards.listing import known_shards, shard_engines
from clipsql.db.statements import Driver, autocommit_connection, may_do_nothing
from clipsql.errors import DatabaseNotReady

_SLOTS_AT_ONCE = 16
"""Slots that writers wait for: one of 64 parts of all pictures."""
_WAIT = "30s"

_ROWS = (
    *("clipsql.image", "clipsql.caption", "clipsql.image_region", "clipsql.video_frame"),
    *("clipsql_private.thumbnail", "clipsql_private.fingerprint"),
)
"""What is copied of a picture as it is, in an order in which each row finds what it refers to."""
_OF_MODELS = (
    ("clipsql.image_embedding", "image_id", "moved"),
    ("clipsql.caption_embedding", "caption_id", "clipsql.caption"),
    ("clipsql.region_embedding", "region_id", "clipsql.image_region"),
    ("clipsql_private.queue", "image_id", "moved"),
)
"""What is copied under the number that its model has there: a table, its key, where the keys are."""
_QUEUED = ("image_id", "collection", "model_id", "is_checked", "is_fresh", "file_to_read")


def rebalance(
    engine: Engine,
    *,
    without: Collection[int] = (),
    on_moved: Callable[[int, int], None] = lambda _moved, _of: None,
) -> int:
    """Move slots until all shards hold as many, and those of `without` none; returns how many were moved.

    Pictures go with captions, vectors, regions, thumbnails and places in the queue, and keep their numbers. A group
    of slots is copied in one transaction, switched by another, then removed where it was; until the switch a picture
    counts where it was, from then on where it is, so that searches find it once. Writers wait for a group. What a run
    that broke off left is removed first. `on_moved` is told how many slots of how many are done.

    Raises DatabaseNotReady while an ingest holds the slots, and where a shard lacks a model of another.
    """
    with ExitStack() as stack:
        stack.enter_context(database_errors(engine))
        engines = stack.enter_context(shard_engines(engine))
        coordinator = stack.enter_context(autocommit_connection(engine))
        drivers = {number: stack.enter_context(autocommit_connection(one)) for number, one in engines.items()}
        models = {
            number: {model.name: model for model in list_models(one)} for number, one in engines.items()
        }
        with _slots(coordinator) as places:
            for number, driver in drivers.items():
                _clear(driver, [slot for slot, lies in places.items() if lies != number])
            moves = _moves(places, [number for number in engines if number not in without])
        moved, changed = 0, set()
        for (old, new), slots in groupby(moves, key=lambda move: (move[1], move[2])):
            chosen = [slot for slot, _, _ in slots]
            _require_models(coordinator, old, new, models)
            for start in range(0, len(chosen), _SLOTS_AT_ONCE):
                group = chosen[start : start + _SLOTS_AT_ONCE]
                _move(coordinator, drivers[old], drivers[new], group, new, (models[old], models[new]))
                moved += len(group)
                changed |= {old, new}
                on_moved(moved, len(moves))
        for number in changed:
            _finish(engines[number], models[number].values())
        return moved


def _moves(places: Mapping[int, int], shards: Collection[int]) -> list[tuple[int, int, int]]:
    """(slot, where it lies, where it shall lie), the fewest after which all shards hold as many; by pairs of shards."""
    if not shards and places:
        raise DatabaseNotReady("No shard would be left to hold the pictures; add another one first.")
    held = Counter(places.values())
    share, over = divmod(len(places), max(1, len(shards)))
    # Those that hold most keep what cannot be divided.
    fullest = sorted(shards, key=lambda number: (-held[number], number))
    wanted = {number: share + (place < over) for place, number in enumerate(fullest)}
    surplus = {number: held[number] - wanted.get(number, 0) for number in held}
    leaving = []
    for slot, number in sorted(places.items()):
        if surplus[number] > 0:
            surplus[number] -= 1
            leaving.append((slot, number))
    room = [number for number in shards for _ in range(wanted[number] - held[number])]
    return sorted(
        (
            (slot, old, new)
            for (slot, old), new in zip(sorted(leaving, key=lambda one: one[1]), room, strict=True)
        ),
        key=lambda move: move[1:],
    )


@contextmanager
def _slots(coordinator: Driver) -> Iterator[dict[int, int]]:
    """shard_id by slot, which nobody writes to while the block lasts."""
    with coordinator.transaction():
        may_do_nothing(coordinator)
        coordinator.execute("select set_config('lock_timeout', %s, true)", (_WAIT,))
        try:
            coordinator.execute("lock table clipsql_private.slot in exclusive mode")
        except psycopg.errors.LockNotAvailable as error:
            raise DatabaseNotReady(
                "An ingest or another move holds the slots; run this again when it has ended."
            ) from error
        yield dict(coordinator.execute("select s.slot, s.shard_id from clipsql_private.slot as s"))


def _move(
    coordinator: Driver,
    source: Driver,
    target: Driver,
    slots: list[int],
    number: int,
    models: tuple[Mapping[str, ModelRow], Mapping[str, ModelRow]],
) -> None:
    # Until it ends nobody changes the pictures where they were.
    with source.transaction():
        may_do_nothing(source)
        with _slots(coordinator):
            with target.transaction():
                may_do_nothing(target)
                _clear(target, slots)
                _copy(source, target, slots, *models)
            coordinator.execute(
                "update clipsql_private.slot set shard_id = %s, moved_at = clock_timestamp() where slot = any (%s)",
                (number, slots),
            )
        source.execute("delete from clipsql.image as i using moved as t where t.image_id = i.image_id")


def _clear(driver: Driver, slots: list[int]) -> None:
    """Remove pictures that lie elsewhere: what was copied and never switched to, or switched and never removed."""
    driver.execute("delete from clipsql.image where clipsql_private.slot_of(url) = any (%s)", (slots,))


def _copy(
    source: Driver,
    target: Driver,
    slots: list[int],
    there: Mapping[str, ModelRow],
    here: Mapping[str, ModelRow],
) -> None:
    """All that hangs on the pictures of slots. `moved` are their numbers, locked, until the transaction ends."""
    source.execute(
        sql.SQL(
            """
            create temporary table moved on commit drop as
            select i.image_id from clipsql.image as i where clipsql_private.slot_of(i.url) = any ({})
            order by i.image_id for update
            """
        ).format(sql.Literal(slots))
    )
    for table in _ROWS:
        columns = _columns(source, table)
        query = sql.SQL("select {} from {} where image_id in (select t.image_id from moved as t)").format(
            _listed(columns), sql.Identifier(*table.split("."))
        )
        _transfer(source, target, query, table, columns)
    for table, key, owners in _OF_MODELS:
        is_queue = table.endswith(".queue")
        columns = _QUEUED if is_queue else _columns(source, table)
        numbers: list[tuple[int | None, int | None]] = [
            (model.model_id, here[name].model_id) for name, model in there.items()
        ]
        for old, new in [*numbers, *([(None, None)] if is_queue else [])]:
            of_model = {"model_id": sql.SQL("{}::integer").format(sql.Literal(new))}
            query = sql.SQL(
                "select {} from {} where model_id is not distinct from {} and {key} in (select o.{key} from {} as o"
                " where o.image_id in (select t.image_id from moved as t))"
            ).format(
                sql.SQL(", ").join(of_model.get(name, sql.Identifier(name)) for name in columns),
                sql.Identifier(*table.split(".")),
                sql.Literal(old),
                sql.Identifier(*owners.split(".")),
                key=sql.Identifier(key),
            )
            _transfer(source, target, query, table, columns)


def _columns(driver: Driver, table: str) -> Sequence[str]:
    """Columns of a table that are stored and not computed."""
    rows = driver.execute(
        "select a.attname from pg_catalog.pg_attribute as a where a.attrelid = %s::regclass and a.attnum > 0"
        " and not a.attisdropped and a.attgenerated = '' order by a.attnum",
        (table,),
    )
    return [name for (name,) in rows]


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _transfer(
    source: Driver, target: Driver, query: sql.Composed, table: str, columns: Sequence[str]
) -> None:
    into = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(*table.split(".")), _listed(columns)
    )
    out_of = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    with source.cursor().copy(out_of) as read, target.cursor().copy(into) as write:
        for data in read:
            write.write(data)


def _require_models(
    coordinator: Driver, old: int, new: int, models: Mapping[int, Mapping[str, ModelRow]]
) -> None:
    names = {shard.shard_id: shard.name for shard in known_shards(coordinator)}
    for name in models[old].keys() - models[new].keys():
        raise DatabaseNotReady(
            f'Shard {names[new]} lacks model {name}, which shard {names[old]} has; run "clipsql model add" there first.'
        )


def _finish(engine: Engine, models: Collection[ModelRow]) -> None:
    """Bring indexes, statistics and samples of a shard up to date with what it holds now."""
    for model in models:
        for table in EMBEDDING_TABLES:
            indexes.ensure_index(engine, model, table=table)
        analyze(engine, model)
        search_rows.ensure_search_rows(engine, model)
        percentile_samples.refresh(engine, model, collections=None)
