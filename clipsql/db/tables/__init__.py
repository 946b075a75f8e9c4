"""The tables of clipsql as SQLAlchemy classes, all in one metadata."""

from clipsql.db.tables import (
    attachments,
    keys,
    percentile_samples,
    pictures,
    queue,
    search_rows,
    search_tuning,
    settings,
    shadows,
    text_towers,
    viewing,
    watches,
    webhooks,
)

__all__ = [
    "attachments",
    "keys",
    "percentile_samples",
    "pictures",
    "queue",
    "search_rows",
    "search_tuning",
    "settings",
    "shadows",
    "text_towers",
    "viewing",
    "watches",
    "webhooks",
]
