"""clipsql's tables as SQLAlchemy classes, and its searches as tables to join with your own.

matches = orm.search(vector, max_results=20, taken_from=monday)
session.execute(
    select(Vehicle, matches.c.similarity)
    .join(matches, matches.c.image_id == Vehicle.image_id)
    .order_by(matches.c.rank)
)
"""

from __future__ import annotations

from clipsql.db.calls.arguments import Fusion, SearchOptions
from clipsql.db.calls.judgements import (
    classify,
    classify_images,
    explain_text,
    match,
    search_captions,
    search_hybrid,
    suggest_captions,
)
from clipsql.db.calls.moments import search_moments
from clipsql.db.calls.regions import region_vector, search_regions
from clipsql.db.calls.rows import search_rows
from clipsql.db.calls.searches import (
    embed_text,
    image_vector,
    mix,
    search,
    search_query,
    search_similar,
    search_text,
    search_vectors,
)
from clipsql.db.tables.base import Base
from clipsql.db.tables.pictures import Caption, CaptionEmbedding, Image, ImageEmbedding, Model, Thumbnail
from clipsql.db.tables.regions import ImageRegion, RegionEmbedding
from clipsql.db.tables.videos import VideoFrame
from clipsql.db.tables.watches import Alert, Watch

__all__ = [
    "Alert",
    "Base",
    "Caption",
    "CaptionEmbedding",
    "Fusion",
    "Image",
    "ImageEmbedding",
    "ImageRegion",
    "Model",
    "RegionEmbedding",
    "SearchOptions",
    "Thumbnail",
    "VideoFrame",
    "Watch",
    "classify",
    "classify_images",
    "embed_text",
    "explain_text",
    "image_vector",
    "match",
    "mix",
    "region_vector",
    "search",
    "search_captions",
    "search_hybrid",
    "search_moments",
    "search_query",
    "search_regions",
    "search_rows",
    "search_similar",
    "search_text",
    "search_vectors",
    "suggest_captions",
]
