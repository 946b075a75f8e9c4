"""Which waiting pictures a worker takes, and how it holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from clipsql.db.models import ModelRow


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which waiting pictures a worker takes: those that wait for `model` or for any, of a collection or of all.

    `only_unchecked` leaves out those whose content was looked at already.
    """

    model: ModelRow | None
    collection: str | None = None
    only_unchecked: bool = False

    @property
    def condition(self) -> sql.Composable:
        """SQL on `clipsql_private.queue as q`, but for the model."""
        parts = [sql.SQL("true")]
        if self.collection is not None:
            parts.append(sql.SQL("q.collection = %(collection)s"))
        if self.only_unchecked:
            parts.append(sql.SQL("not q.is_checked"))
        return sql.SQL(" and ").join(parts)

    @property
    def parameters(self) -> dict[str, Any]:
        """What `condition` and the model's own refer to."""
        return {"model_id": model_number(self.model), "collection": self.collection}


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who holds pictures, and for how long unless it is renewed."""

    worker: str
    seconds: float

    @property
    def parameters(self) -> dict[str, Any]:
        """What statements refer to."""
        return {"worker": self.worker, "seconds": self.seconds}


def model_number(model: ModelRow | None) -> int | None:
    """The model_id; null for none, which stands for any."""
    return None if model is None else model.model_id
