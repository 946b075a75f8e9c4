"""The tables of clipsql as SQLAlchemy classes, all in one metadata."""

from clipsql.db.tables import (
    percentile_samples,
    pictures,
    queue,
    search_tuning,
    text_towers,
    watches,
    webhooks,
)

__all__ = ["percentile_samples", "pictures", "queue", "search_tuning", "text_towers", "watches", "webhooks"]
