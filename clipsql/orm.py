"""clipsql's tables as SQLAlchemy classes, and its searches as tables to join with your own.

matches = orm.search(vector, max_results=20, taken_from=monday)
session.execute(
    select(Vehicle, matches.c.similarity)
    .join(matches, matches.c.image_id == Vehicle.image_id)
    .order_by(matches.c.rank)
)
"""

from __future__ import annotations

from clipsql.db.functions import (
    SearchOptions,
    embed_text,
    image_vector,
    mix,
    search,
    search_similar,
    search_text,
)
from clipsql.db.orm import Base, Caption, CaptionEmbedding, Image, ImageEmbedding, Model, Thumbnail

__all__ = [
    "Base",
    "Caption",
    "CaptionEmbedding",
    "Image",
    "ImageEmbedding",
    "Model",
    "SearchOptions",
    "Thumbnail",
    "embed_text",
    "image_vector",
    "mix",
    "search",
    "search_similar",
    "search_text",
]
