"""The tables of clipsql as SQLAlchemy classes, all in one metadata."""

from clipsql.db.tables import (
    attachments,
    keys,
    percentile_samples,
    pictures,
    queue,
    search_tuning,
    settings,
    text_towers,
    watches,
    webhooks,
)

__all__ = [
    "attachments",
    "keys",
    "percentile_samples",
    "pictures",
    "queue",
    "search_tuning",
    "settings",
    "text_towers",
    "watches",
    "webhooks",
]
