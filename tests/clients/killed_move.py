"""Move slots between shards, and be killed at a stage: `python killed_move.py copied|switched|SECONDS`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.db.shards import moving


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesAt:
    """A connection that dies with the process before a statement."""

    def __init__(self, driver: Any, statement: str) -> None:
        self._driver = driver
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def execute(self, statement: Any, *values: Any) -> Any:
        if isinstance(statement, str) and statement.startswith(self._statement):
            die()
        return self._driver.execute(statement, *values)


def main(stage: str) -> None:
    move = moving._move
    if stage == "copied":

        def copied(coordinator: Any, *others: Any) -> None:
            move(DiesAt(coordinator, "update clipsql_private.slot"), *others)

        moving._move = copied
    elif stage == "switched":

        def switched(coordinator: Any, source: Any, *others: Any) -> None:
            move(coordinator, DiesAt(source, "delete from clipsql.image as i"), *others)

        moving._move = switched
    with open_database(Settings.from_environment()) as engine:
        if stage not in ("copied", "switched"):
            threading.Timer(float(stage), die).start()
        moving.rebalance(engine)
        die()  # it was faster


main(sys.argv[1])
