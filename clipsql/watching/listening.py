"""Hear of new alarms: woken by the database, and now and then by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from sqlalchemy.engine import Engine

from clipsql.db.statements import autocommit_connection
from clipsql.db.transactions import reading
from clipsql.watching.watches import AlertRow, list_alerts, newest_alert, require_watch

POLL_S = 5.0
"""Longest time without a look: behind a pooler no notification arrives."""
_REMEMBERED = 10_000


@contextmanager
def listening(engine: Engine) -> Iterator[Listener]:
    """Within the block new alarms wake the listener."""
    with autocommit_connection(engine) as connection:
        connection.execute("listen clipsql_alert")
        yield Listener(connection)


class Listener:
    """Waits for the database to say that there are new alarms."""

    def __init__(self, connection: Connection[tuple[object, ...]]) -> None:
        self._connection = connection

    def wait(self, seconds: float = POLL_S) -> None:
        """Return when an alarm was raised since the last call, or after so many seconds."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            return


def follow(engine: Engine, name: str | None = None) -> Iterator[AlertRow]:
    """New alarms from now on, as they come, of one watch or of all; without end. Raises UnknownWatch."""
    if name is not None:
        with reading(engine) as connection:
            require_watch(connection, name)
    after = newest_alert(engine)
    with listening(engine) as listener:
        seen: set[int] = set()
        while True:
            # Not only those beyond the last one: transactions that draw numbers may end in another order.
            for alert in list_alerts(engine, name, after=after, max_results=None):
                if alert.alert_id not in seen:
                    seen.add(alert.alert_id)
                    yield alert
            if len(seen) > _REMEMBERED:
                after = sorted(seen)[_REMEMBERED // 2]
                seen = {alert_id for alert_id in seen if alert_id > after}
            listener.wait()
