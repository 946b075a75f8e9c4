"""Typed callers of the SQL functions that count matches: counts, pictures to check, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Double, Integer, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import Filters, sql_call, sql_value, sql_vector


class CountOptions(Filters, total=False):
    """Arguments of `count_matches`: pictures at least as similar as `min_similarity` are counted `above`."""

    min_similarity: float | None


def count_matches(
    query: str,
    *,
    by: str = "day",
    query_vector: Sequence[float] | ColumnElement[Any] | None = None,
    **options: Unpack[CountOptions],
) -> TableValuedAlias:
    """Rows of clipsql.count_matches: how many pictures match, of each time that `by` names."""
    others = {"by": sql_value(by, Text()), **_vector(query_vector)}
    counts: TableValuedAlias = sql_call(
        "count_matches", sql_value(query, Text()), options, CountOptions, **others
    ).table_valued(
        sa.column("bucket", TIMESTAMP(timezone=True)),
        sa.column("matches", Double),
        sa.column("low", Double),
        sa.column("high", Double),
        sa.column("checked", BigInteger),
        sa.column("above", BigInteger),
        sa.column("pictures", BigInteger),
        name="counts",
    )
    return counts


def next_to_check(
    query: str,
    *,
    max_results: int = 10,
    query_vector: Sequence[float] | ColumnElement[Any] | None = None,
    **options: Unpack[Filters],
) -> TableValuedAlias:
    """Rows of clipsql.next_to_check: pictures whose checking tells most of how many match, first ones first."""
    others = {"max_results": sql_value(max_results, Integer()), **_vector(query_vector)}
    pictures: TableValuedAlias = sql_call(
        "next_to_check", sql_value(query, Text()), options, Filters, **others
    ).table_valued(
        sa.column("rank", Integer),
        sa.column("image_id", BigInteger),
        sa.column("similarity", Double),
        sa.column("url", Text),
        sa.column("taken_at", TIMESTAMP(timezone=True)),
        name="pictures",
    )
    return pictures


def judge_match(query: str, image: int, is_right: bool | None) -> ColumnElement[None]:
    """clipsql.judge_match: says whether a picture is what a query looks for; None takes that back."""
    arguments = sql_value(query, Text()), sql_value(image, BigInteger()), sql_value(is_right, Boolean())
    return sa.func.clipsql.judge_match(*arguments, type_=sa.types.NullType())


def _vector(value: Sequence[float] | ColumnElement[Any] | None) -> dict[str, ColumnElement[Any]]:
    return {} if value is None else {"query_vector": sql_vector(value)}
