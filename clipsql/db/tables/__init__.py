"""The tables of clipsql as SQLAlchemy classes, all in one metadata."""

from clipsql.db.tables import (
    attachments,
    percentile_samples,
    pictures,
    queue,
    search_rows,
    search_tuning,
    settings,
    shadows,
    text_towers,
    watches,
    webhooks,
)

__all__ = [
    "attachments",
    "percentile_samples",
    "pictures",
    "queue",
    "search_rows",
    "search_tuning",
    "settings",
    "shadows",
    "text_towers",
    "watches",
    "webhooks",
]
