"""Typed callers of the SQL functions that search parts of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import BigInteger, Double, Integer, Text

from clipsql.db.calls.arguments import NearestOptions, sql_call, sql_value, sql_vector


class RegionOptions(NearestOptions, total=False):
    """Arguments of a search for regions: of their pictures, and `having_label`, the label of the regions themselves."""

    having_label: str | None


def search_regions(
    query: Sequence[float] | ColumnElement[Any], **options: Unpack[RegionOptions]
) -> TableValuedAlias:
    """Rows of clipsql.search_regions: pictures by their region that is nearest to a vector, with its box and label."""
    found: TableValuedAlias = sql_call(
        "search_regions", sql_vector(query), options, RegionOptions
    ).table_valued(
        sa.column("rank", Integer),
        sa.column("image_id", BigInteger),
        sa.column("similarity", Double),
        sa.column("region_id", BigInteger),
        sa.column("box", ARRAY(Integer)),
        sa.column("label", Text),
        sa.column("url", Text),
        sa.column("caption", Text),
        sa.column("taken_at", TIMESTAMP(timezone=True)),
        sa.column("longitude", Double),
        sa.column("latitude", Double),
        sa.column("metadata", JSONB),
        name="matches",
    )
    return found


def region_vector(region: int | ColumnElement[int], *, model: str | None = None) -> ColumnElement[Any]:
    """clipsql.region_vector: the stored unit-length embedding of a region."""
    return sa.func.clipsql.region_vector(
        sql_value(region, BigInteger()), sql_value(model, Text()), type_=VECTOR()
    )
