"""Typed callers of the SQL functions that judge: matching, zero-shot labels, captions by retrieval, words, hybrids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Double, Integer, Text
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls.searches import Filters, NearestOptions, SearchOptions, _call, _matches, _value, _vector


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
    return _matches("search_hybrid", _value(query, Text()), options, sa.column("score", Double))


def match(
    of_image: int | ColumnElement[int], description: str | ColumnElement[str], *, model: str | None = None
) -> ColumnElement[float]:
    """clipsql.match: the cosine of a stored picture and a description."""
    arguments = _value(of_image, BigInteger()), _value(description, Text()), _value(model, Text())
    return sa.func.clipsql.match(*arguments, type_=Double())


def classify(
    of_image: int | ColumnElement[int],
    labels: Sequence[str],
    *,
    template: str | None = None,
    templates: Sequence[str] | None = None,
    model: str | None = None,
) -> TableValuedAlias:
    """Rows of clipsql.classify: every label of a stored picture with its probability, likeliest first."""
    probabilities: TableValuedAlias = sa.func.clipsql.classify(
        _value(of_image, BigInteger()),
        _value(list(labels), ARRAY(Text)),
        _value(template, Text()),
        _value(templates, ARRAY(Text)),
        _value(model, Text()),
    ).table_valued(sa.column("label", Text), sa.column("probability", Double), name="labels")
    return probabilities


def classify_images(labels: Sequence[str], **options: Unpack[ClassifyOptions]) -> TableValuedAlias:
    """Rows of clipsql.classify_images: the likeliest label of every picture that passes the filters."""
    best: TableValuedAlias = _call(
        "classify_images", _value(list(labels), ARRAY(Text)), options
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
    captions: TableValuedAlias = _call("search_captions", _vector(query), options).table_valued(
        sa.column("rank", Integer),
        sa.column("caption_id", BigInteger),
        sa.column("similarity", Double),
        sa.column("caption", Text),
        sa.column("from_image", BigInteger),
        name="captions",
    )
    return captions


def suggest_captions(
    for_image: int | ColumnElement[int], **options: Unpack[NearestOptions]
) -> TableValuedAlias:
    """Rows of clipsql.suggest_captions: captions of other pictures that fit a stored one best."""
    captions: TableValuedAlias = _call(
        "suggest_captions", _value(for_image, BigInteger()), options
    ).table_valued(
        sa.column("caption", Text),
        sa.column("similarity", Double),
        sa.column("from_image", BigInteger),
        name="captions",
    )
    return captions


def explain_text(query: str | ColumnElement[str], *, model: str | None = None) -> TableValuedAlias:
    """Rows of clipsql.explain_text: the share of attention that each word of a text gets."""
    words: TableValuedAlias = sa.func.clipsql.explain_text(
        _value(query, Text()), _value(model, Text())
    ).table_valued(
        sa.column("position", Integer),
        sa.column("word", Text),
        sa.column("weight", Double),
        name="words",
    )
    return words
