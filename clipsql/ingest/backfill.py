"""Let pictures that were there before a model was a shadow wait for it, a stretch at a time, when nothing else does."""

from __future__ import annotations

import time
from typing import Any

from clipsql.db.models import ModelRow
from clipsql.db.pictures import missing
from clipsql.db.statements import Driver

_STRETCH_ROWS = 10_000
_PASS_EVERY_S = 300.0
"""Triggers tell of what comes in; another pass finds what they did not, such as rows that SQL wrote without them."""


class Backfill:
    """Looks through all pictures for those that a model lacks while it is a shadow; after a restart, anew."""

    def __init__(self, model: ModelRow) -> None:
        self._model = model
        self._after: int | None = 0
        self._shadow: Any = None
        self._next_pass = 0.0

    def is_due(self, connection: Driver) -> bool:
        """Whether pictures may be missing that nobody has looked for."""
        newest = missing.newest_shadow(connection, self._model)
        if newest is None:
            return False
        if newest != self._shadow or time.monotonic() >= self._next_pass:
            self._shadow, self._after = newest, 0
            self._next_pass = time.monotonic() + _PASS_EVERY_S
        return self._after is not None

    def queue_some(self, connection: Driver) -> bool:
        """Let a stretch of missing pictures wait; returns whether there was one."""
        while self.is_due(connection):
            assert self._after is not None
            queued, self._after = missing.queue_missing(
                connection, self._model, after=self._after, most_rows=_STRETCH_ROWS
            )
            if queued:
                return True
        return False
