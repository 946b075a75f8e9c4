"""Typed caller of the SQL function that compares two models."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Double, Integer, Text
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import sql_value

MOST_QUERIES = 50
"""As clipsql_private.most says: more are asked in several calls."""


def compare_models(
    old: str, new: str, *, queries: Sequence[str] | None = None, max_results: int = 10
) -> TableValuedAlias:
    """Rows of clipsql.compare_models: what queries find under each of two models."""
    compared: TableValuedAlias = sa.func.clipsql.compare_models(
        sql_value(old, Text()),
        sql_value(new, Text()),
        sql_value(None if queries is None else list(queries), ARRAY(Text)),
        sql_value(max_results, Integer()),
    ).table_valued(
        sa.column("query", Text),
        sa.column("image_id", BigInteger),
        sa.column("overlap", Double),
        sa.column("rank_biased_overlap", Double),
        sa.column("old_images", ARRAY(BigInteger)),
        sa.column("new_images", ARRAY(BigInteger)),
        name="compared",
    )
    return compared
