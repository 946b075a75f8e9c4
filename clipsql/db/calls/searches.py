"""One typed Python caller for each SQL function that searches, as SQLAlchemy expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import BigInteger, Boolean, Double, Integer, Text

from clipsql.db.calls.arguments import (
    Fusion,
    SearchOptions,
    sql_call,
    sql_value,
    sql_vector,
    sql_vectors,
    sql_weights,
)


def search(query: Sequence[float] | ColumnElement[Any], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search: the pictures nearest to a vector."""
    return match_rows("search", sql_vector(query), options)


def search_text(query: str | ColumnElement[str], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_text: the pictures that a text describes, embedded by the database itself."""
    return match_rows("search_text", sql_value(query, Text()), options)


def check_text(query: str | ColumnElement[str]) -> ColumnElement[None]:
    """Nothing, or the error that every function raises for a text without a word or too long a one."""
    return sa.func.clipsql_private.check_text(sql_value(query, Text()), type_=sa.types.NullType())


def embed_text(query: str | ColumnElement[str], *, model: str | None = None) -> ColumnElement[Any]:
    """clipsql.embed_text: the unit-length embedding of a text, computed inside the database."""
    return sa.func.clipsql.embed_text(sql_value(query, Text()), sql_value(model, Text()), type_=VECTOR())


def search_similar(image: int | ColumnElement[int], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_similar: the pictures most like a stored one, without itself."""
    return match_rows("search_similar", sql_value(image, BigInteger()), options)


def search_query(
    query: str | ColumnElement[str],
    *,
    fusion: Fusion = "weighted sum",
    **options: Unpack[SearchOptions],
) -> TableValuedAlias:
    """Rows of clipsql.search_query: the pictures that terms such as 'flower + 2*bee - night + image:42' describe."""
    return match_rows("search_query", sql_value(query, Text()), options, fusion=sql_value(fusion, Text()))


def search_vectors(
    vectors: Sequence[Sequence[float] | ColumnElement[Any]],
    *,
    weights: Sequence[float] | None = None,
    fusion: Fusion = "weighted sum",
    **options: Unpack[SearchOptions],
) -> TableValuedAlias:
    """Rows of clipsql.search_vectors: the pictures that fit several vectors, each taken at unit length."""
    return match_rows(
        "search_vectors",
        sql_vectors(vectors),
        options,
        weights=sql_weights(weights),
        fusion=sql_value(fusion, Text()),
    )


def parse_query(query: str) -> TableValuedAlias:
    """The terms of a query in order: kind (text, image or file), body, image_id and weight."""
    terms: TableValuedAlias = sa.func.clipsql_private.parse_query(sql_value(query, Text())).table_valued(
        sa.column("position", Integer),
        sa.column("kind", Text),
        sa.column("body", Text),
        sa.column("image_id", BigInteger),
        sa.column("weight", Double),
        name="terms",
    )
    return terms


def image_vector(image: int | ColumnElement[int], *, model: str | None = None) -> ColumnElement[Any]:
    """clipsql.image_vector: the stored unit-length embedding of a picture."""
    return sa.func.clipsql.image_vector(
        sql_value(image, BigInteger()), sql_value(model, Text()), type_=VECTOR()
    )


def mix(
    vectors: Sequence[Sequence[float] | ColumnElement[Any]], *, weights: Sequence[float] | None = None
) -> ColumnElement[Any]:
    """clipsql.mix: the weighted sum of vectors as they are; weights default to 1, negative ones push away."""
    return sa.func.clipsql.mix(sql_vectors(vectors), sql_weights(weights), type_=VECTOR())


def search_request(request: Mapping[str, Any]) -> ColumnElement[dict[str, Any]]:
    """clipsql.search_request: a whole search as one JSON document."""
    answer: ColumnElement[dict[str, Any]] = sa.func.clipsql.search_request(
        sql_value(dict(request), JSONB()), type_=JSONB()
    )
    return answer


def search_plan(
    query: Sequence[float] | ColumnElement[Any], **options: Unpack[SearchOptions]
) -> TableValuedAlias:
    """The row of clipsql.search_plan: how `search` answers with the same arguments, and why."""
    plan: TableValuedAlias = sql_call("search_plan", sql_vector(query), options, SearchOptions).table_valued(
        sa.column("strategy", Text),
        sa.column("matching_rows", BigInteger),
        sa.column("matching_is_exact", Boolean),
        sa.column("is_exact", Boolean),
        sa.column("is_complete", Boolean),
        sa.column("index_used", Text),
        sa.column("expected_ms", Double),
        sa.column("explanation", Text),
        name="plan",
    )
    return plan


def match_rows(
    function: str,
    subject: ColumnElement[Any],
    options: SearchOptions,
    *further: ColumnElement[Any],
    kind: type[SearchOptions] = SearchOptions,
    **others: ColumnElement[Any],
) -> TableValuedAlias:
    """A call of a search with the columns of its rows, and `further` ones after them."""
    matches: TableValuedAlias = sql_call(function, subject, options, kind, **others).table_valued(
        sa.column("rank", Integer),
        sa.column("image_id", BigInteger),
        sa.column("similarity", Double),
        sa.column("percentile", Double),
        sa.column("percentile_error", Double),
        sa.column("url", Text),
        sa.column("caption", Text),
        sa.column("taken_at", TIMESTAMP(timezone=True)),
        sa.column("longitude", Double),
        sa.column("latitude", Double),
        sa.column("metadata", JSONB),
        *further,
        name="matches",
    )
    return matches


def ids(
    given: Sequence[int] | sa.Select[tuple[int]] | ColumnElement[Any] | None, more: Sequence[int]
) -> ColumnElement[Any]:
    """Image ids for `except_images`: the given ones, or those that a select finds, and more."""
    first = [] if given is None else given
    return sa.func.array_cat(sql_value(first, ARRAY(BigInteger)), sql_value(list(more), ARRAY(BigInteger)))
