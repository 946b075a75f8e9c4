"""The tables of clipsql as SQLAlchemy classes, all in one metadata."""

from clipsql.db.tables import (
    attachments,
    fusions,
    keys,
    percentile_samples,
    pictures,
    queue,
    regions,
    search_rows,
    search_tuning,
    settings,
    shadows,
    text_towers,
    videos,
    viewing,
    watches,
    webhooks,
)

__all__ = [
    "attachments",
    "fusions",
    "keys",
    "percentile_samples",
    "pictures",
    "queue",
    "regions",
    "search_rows",
    "search_tuning",
    "settings",
    "shadows",
    "text_towers",
    "videos",
    "viewing",
    "watches",
    "webhooks",
]
