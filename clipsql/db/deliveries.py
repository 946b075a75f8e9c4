"""Webhooks and what they are still to be told: the outbox of alarms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.db.statements import driver_connection, may_do_nothing
from clipsql.db.tables.watches import Alert, Watch
from clipsql.db.tables.webhooks import Delivery, Webhook
from clipsql.db.transactions import reading, writing
from clipsql.errors import ConfigurationError

_IN_A_ROW = 20
"""Alarms of one watch that are posted one after the other before it is written down."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A try that failed: why, and when it is tried again; never by itself when that is None."""

    alert_id: int
    reason: str
    wait_s: float | None


def find_webhook(engine: Engine, address: str) -> int | None:
    """The webhook of this role with that address."""
    with reading(engine) as connection:
        return connection.scalar(
            sa.select(Webhook.webhook_id).where(
                Webhook.address == address, Webhook.owner == sa.func.current_user(type_=sa.Text)
            )
        )


def add_webhook(engine: Engine, address: str) -> int:
    """The webhook of this role with that address; a new one is to be told of all alarms so far."""
    known = find_webhook(engine, address)
    if known is not None:
        return known
    with writing(engine) as connection:
        # No picture is written until this is committed: what is raised then, it is told by the trigger.
        owner = sa.cast(sa.func.current_user(), sa.Text)
        webhook_id: int = connection.execute(
            sa.insert(Webhook).values(address=address, owner=owner).returning(Webhook.webhook_id)
        ).scalar_one()
        connection.execute(
            sa.insert(Delivery).from_select(
                ["webhook_id", "alert_id"],
                sa.select(sa.literal(webhook_id), Alert.alert_id)
                .join(Watch, Watch.watch_id == Alert.watch_id)
                .where(sa.func.clipsql_private.is_told(owner, Watch.owner)),
            )
        )
        return webhook_id


def remove_webhook(engine: Engine, address: str) -> None:
    """Forget an address and what it was still to be told. Raises ConfigurationError when there is none."""
    webhook_id = find_webhook(engine, address)
    if webhook_id is None:
        raise ConfigurationError(
            "Nothing is delivered to that address by this role; check how it is written."
        )
    with writing(engine) as connection:
        connection.execute(sa.delete(Webhook).where(Webhook.webhook_id == webhook_id))


@contextmanager
def only_deliverer(engine: Engine, webhook_id: int) -> Iterator[None]:
    """Within the block nobody else delivers to the webhook. Raises ConfigurationError where somebody does already.

    The lock is that of a transaction that stays open, and is gone with this process.
    """
    with database_errors(engine), engine.connect() as connection:
        holder = driver_connection(connection)
        may_do_nothing(holder)
        key = f"clipsql deliver {webhook_id}"
        if holder.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (key,)).fetchone() != (
            True,
        ):
            raise ConfigurationError(
                "Another process delivers to that address already; end it first, or let it do the work."
            )
        yield


def due_deliveries(connection: Connection, webhook_id: int) -> Sequence[tuple[int, int, int]]:
    """(watch_id, alert_id, tries) of what is to be posted now: of each watch the next alarms, in their order.

    Those behind an alarm that waits for its next try wait, too.
    """
    place = sa.func.row_number().over(partition_by=Alert.watch_id, order_by=Alert.alert_id)
    first_try_at = sa.func.first_value(Delivery.next_try_at).over(
        partition_by=Alert.watch_id, order_by=Alert.alert_id
    )
    waiting = (
        sa.select(
            Alert.watch_id,
            Alert.alert_id,
            Delivery.tries,
            place.label("place"),
            first_try_at.label("first_try_at"),
        )
        .join(Delivery, Delivery.alert_id == Alert.alert_id)
        .where(Delivery.webhook_id == webhook_id, ~Delivery.is_dead)
        .subquery()
    )
    rows = connection.execute(
        sa.select(waiting.c.watch_id, waiting.c.alert_id, waiting.c.tries)
        .where(waiting.c.place <= _IN_A_ROW, waiting.c.first_try_at <= sa.func.clock_timestamp())
        .order_by(waiting.c.watch_id, waiting.c.alert_id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def settle_deliveries(
    engine: Engine, webhook_id: int, *, taken: Sequence[int], failed: Sequence[Failure]
) -> None:
    """Write down what was taken and what was not."""
    with writing(engine) as connection:
        connection.execute(
            sa.delete(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.alert_id.in_(taken))
        )
        for one in failed:
            wait = dt.timedelta(seconds=one.wait_s or 0)
            connection.execute(
                sa.update(Delivery)
                .where(Delivery.webhook_id == webhook_id, Delivery.alert_id == one.alert_id)
                .values(
                    tries=Delivery.tries + 1,
                    failure=one.reason,
                    is_dead=one.wait_s is None,
                    next_try_at=sa.func.clock_timestamp() + wait,
                )
            )


def waiting_deliveries(connection: Connection, webhook_id: int) -> tuple[int, float, int]:
    """How many alarms wait, for how many seconds the next one does, and how many are dead."""
    counts: Any = connection.execute(
        sa.select(
            sa.func.count().filter(~Delivery.is_dead),
            sa.func.coalesce(
                sa.func.extract(
                    "epoch",
                    sa.func.min(Delivery.next_try_at).filter(~Delivery.is_dead) - sa.func.clock_timestamp(),
                ),
                0,
            ),
            sa.func.count().filter(Delivery.is_dead),
        )
        .select_from(Delivery)
        .join(Alert, Alert.alert_id == Delivery.alert_id)
        .where(Delivery.webhook_id == webhook_id)
    ).one()
    return int(counts[0]), max(0.0, float(counts[1])), int(counts[2])


def revive_dead_deliveries(engine: Engine, webhook_id: int) -> int:
    """Have what is dead tried again, as if for the first time; returns how many there are."""
    with writing(engine) as connection:
        return connection.execute(
            sa.update(Delivery)
            .where(Delivery.webhook_id == webhook_id, Delivery.is_dead)
            .values(is_dead=False, tries=0, next_try_at=sa.func.clock_timestamp())
        ).rowcount
