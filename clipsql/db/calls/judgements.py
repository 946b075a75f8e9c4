"""Typed callers of the SQL functions that judge: matching, zero-shot labels, captions by retrieval, words, hybrids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Double, Integer, Text
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.arguments import (
    Filters,
    NearestOptions,
    SearchOptions,
    sql_call,
    sql_value,
    sql_vector,
)
from clipsql.db.calls.searches import match_rows


class HybridOptions(SearchOptions, total=False):
    """Arguments of a hybrid search: `query_vector` takes the place of the query's own embedding."""

    text_weight: float
    vector_weight: float
    query_vector: Sequence[float] | None


class ClassifyOptions(Filters, total=False):
    """Arguments of `classify_images`: the text around a label, or several of them, which are averaged."""

    template: str | None
    templates: Sequence[str] | None


def search_hybrid(query: str | ColumnElement[str], **options: Unpack[HybridOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_hybrid: pictures by the words of their captions and by their vectors, with `score`."""
    return match_rows(
        "search_hybrid", sql_value(query, Text()), options, sa.column("score", Double), kind=HybridOptions
    )


def match(
    image: int | ColumnElement[int], query: str | ColumnElement[str], *, model: str | None = None
) -> ColumnElement[float]:
    """clipsql.match: the cosine of a stored picture and a text."""
    arguments = sql_value(image, BigInteger()), sql_value(query, Text()), sql_value(model, Text())
    return sa.func.clipsql.match(*arguments, type_=Double())


def classify(
    image: int | ColumnElement[int],
    labels: Sequence[str],
    *,
    template: str | None = None,
    templates: Sequence[str] | None = None,
    model: str | None = None,
) -> TableValuedAlias:
    """Rows of clipsql.classify: every label of a stored picture with its probability, likeliest first."""
    probabilities: TableValuedAlias = sa.func.clipsql.classify(
        sql_value(image, BigInteger()),
        sql_value(list(labels), ARRAY(Text)),
        sql_value(template, Text()),
        sql_value(templates, ARRAY(Text)),
        sql_value(model, Text()),
    ).table_valued(sa.column("label", Text), sa.column("probability", Double), name="labels")
    return probabilities


def classify_images(labels: Sequence[str], **options: Unpack[ClassifyOptions]) -> TableValuedAlias:
    """Rows of clipsql.classify_images: the likeliest label of every picture that passes the filters."""
    best: TableValuedAlias = sql_call(
        "classify_images", sql_value(list(labels), ARRAY(Text)), options, ClassifyOptions
    ).table_valued(
        sa.column("image_id", BigInteger),
        sa.column("label", Text),
        sa.column("probability", Double),
        name="labels",
    )
    return best


def search_captions(
    query: Sequence[float] | ColumnElement[Any], **options: Unpack[NearestOptions]
) -> TableValuedAlias:
    """Rows of clipsql.search_captions: the captions nearest to a vector of a picture or a text."""
    return _captions("search_captions", sql_vector(query), options)


def suggest_captions(image: int | ColumnElement[int], **options: Unpack[NearestOptions]) -> TableValuedAlias:
    """Rows of clipsql.suggest_captions: captions of other pictures that fit a stored one best."""
    return _captions("suggest_captions", sql_value(image, BigInteger()), options)


def _captions(function: str, subject: ColumnElement[Any], options: NearestOptions) -> TableValuedAlias:
    captions: TableValuedAlias = sql_call(function, subject, options, NearestOptions).table_valued(
        sa.column("rank", Integer),
        sa.column("caption_id", BigInteger),
        sa.column("similarity", Double),
        sa.column("caption", Text),
        sa.column("image_id", BigInteger),
        sa.column("source", Text),
        name="captions",
    )
    return captions


def explain_text(query: str | ColumnElement[str], *, model: str | None = None) -> TableValuedAlias:
    """Rows of clipsql.explain_text: the share of attention that each word of a text gets."""
    words: TableValuedAlias = sa.func.clipsql.explain_text(
        sql_value(query, Text()), sql_value(model, Text())
    ).table_valued(
        sa.column("position", Integer),
        sa.column("word", Text),
        sa.column("weight", Double),
        name="words",
    )
    return words
