"""Which waiting pictures a worker takes, and how it holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from clipsql.db.models import ModelRow


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which waiting pictures a worker takes: those that wait for `model` or for any, of a collection or of all.

    Those for any are left to others while pictures are kept under `model` beside another, as some it shall not know;
    with `follows_default`, whenever it is not the default model.
    `only_unchecked` leaves out those whose content was looked at already, `only_fresh` all but what came in just now.
    """

    model: ModelRow | None
    collection: str | None = None
    only_unchecked: bool = False
    only_fresh: bool = False
    follows_default: bool = False

    @property
    def condition(self) -> sql.Composable:
        """SQL on `clipsql_private.queue as q`, but for the model."""
        parts = [sql.SQL("true")]
        if self.collection is not None:
            parts.append(sql.SQL("q.collection = %(collection)s"))
        if self.only_unchecked:
            parts.append(sql.SQL("not q.is_checked"))
        if self.only_fresh:
            parts.append(sql.SQL("q.is_fresh"))
        return sql.SQL(" and ").join(parts)

    @property
    def takes_any(self) -> sql.Composable:
        """SQL that says whether those for any model are taken."""
        if self.follows_default:
            return sql.SQL(
                "exists (select from clipsql.model as m where m.model_id = %(model_id)s and m.is_default)"
            )
        return sql.SQL(
            """
            not exists (select from clipsql_private.shadow as s
                        where s.model_id = %(model_id)s and (s.kept_until is null or s.kept_until > now()))
            """
        )

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
