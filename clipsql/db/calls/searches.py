"""One typed Python caller for each SQL function of clipsql, as SQLAlchemy expressions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import BigInteger, Boolean, Double, Integer, Text, TypeEngine, UserDefinedType

from clipsql.errors import InvalidArgument, InvalidVector


class Filters(TypedDict, total=False):
    """Which pictures a question is about, and under which model: what is not given does not filter.

    Times are aware datetimes, positions WGS 84 degrees, distances metres, `inside` (longitude, latitude) vertices.
    `only_images` and `except_images` may be ids or a select of ids.
    """

    in_collection: str | None
    taken_from: dt.datetime | None
    taken_until: dt.datetime | None
    near_longitude: float | None
    near_latitude: float | None
    within_m: float | None
    inside: Sequence[tuple[float, float]] | None
    having_metadata: Mapping[str, Any] | None
    caption_query: str | None
    only_images: Sequence[int] | sa.Select[tuple[int]] | None
    except_images: Sequence[int] | sa.Select[tuple[int]] | ColumnElement[Any] | None
    model: str | None


class NearestOptions(Filters, total=False):
    """How many are wanted, and how near."""

    max_results: int
    min_similarity: float | None


class SearchOptions(NearestOptions, total=False):
    """Arguments that every search for pictures takes, as in SQL.

    `min_percentile` is of 100; of pictures that are more similar than `distinct_above` to a better one, none is found.
    """

    min_percentile: float | None
    distinct_above: float | None


Fusion = Literal["weighted sum", "mean similarity", "minimum similarity"]
"""How a picture's similarities to the terms of a query become one; told in clipsql.search_vectors."""


class _Polygon(UserDefinedType[Sequence[tuple[float, float]]]):
    """PostgreSQL's polygon, from (x, y) vertices."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "polygon"

    def bind_processor(self, _dialect: sa.Dialect) -> Any:
        return lambda vertices: "(" + ",".join(f"({float(x)!r},{float(y)!r})" for x, y in vertices) + ")"

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> ColumnElement[Any]:
        return sa.cast(bindvalue, _Polygon())


_TYPES: dict[str, TypeEngine[Any]] = {
    "max_results": Integer(),
    "in_collection": Text(),
    "taken_from": TIMESTAMP(timezone=True),
    "taken_until": TIMESTAMP(timezone=True),
    "near_longitude": Double(),
    "near_latitude": Double(),
    "within_m": Double(),
    "inside": _Polygon(),
    "having_metadata": JSONB(),
    "caption_query": Text(),
    "only_images": ARRAY(BigInteger),
    "except_images": ARRAY(BigInteger),
    "min_similarity": Double(),
    "min_percentile": Double(),
    "distinct_above": Double(),
    "model": Text(),
    "text_weight": Double(),
    "vector_weight": Double(),
    "query_vector": VECTOR(),
    "template": Text(),
    "templates": ARRAY(Text),
}


class _Named(ColumnElement[Any]):
    """An argument in named notation: `max_results => 5`."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012  SQLAlchemy declares it so
        ("name", sa.sql.visitors.InternalTraversal.dp_string),
        ("value", sa.sql.visitors.InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, name: str, value: ColumnElement[Any]) -> None:
        self.name = name
        self.value = value


@compiles(_Named)
def _compile_named(element: _Named, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.name} => {compiler.process(element.value, **options)}"


def search(query: Sequence[float] | ColumnElement[Any], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search: the pictures nearest to a vector. Columns as in `MATCH_COLUMNS`."""
    return _matches("search", _vector(query), options)


def search_text(query: str | ColumnElement[str], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_text: the pictures that a text describes, embedded by the database itself."""
    return _matches("search_text", _value(query, Text()), options)


def embed_text(query: str | ColumnElement[str], *, model: str | None = None) -> ColumnElement[Any]:
    """clipsql.embed_text: the unit-length embedding of a text, computed inside the database."""
    return sa.func.clipsql.embed_text(_value(query, Text()), _value(model, Text()), type_=VECTOR())


def search_similar(to_image: int | ColumnElement[int], **options: Unpack[SearchOptions]) -> TableValuedAlias:
    """Rows of clipsql.search_similar: the pictures most like a stored one, without itself."""
    return _matches("search_similar", _value(to_image, BigInteger()), options)


def search_query(
    expression: str | ColumnElement[str],
    *,
    fusion: Fusion = "weighted sum",
    **options: Unpack[SearchOptions],
) -> TableValuedAlias:
    """Rows of clipsql.search_query: the pictures that terms such as 'flower + 2*bee - night + image:42' describe."""
    return _matches("search_query", _value(expression, Text()), options, fusion=_value(fusion, Text()))


def search_vectors(
    vectors: Sequence[Sequence[float] | ColumnElement[Any]],
    *,
    weights: Sequence[float] | None = None,
    fusion: Fusion = "weighted sum",
    **options: Unpack[SearchOptions],
) -> TableValuedAlias:
    """Rows of clipsql.search_vectors: the pictures that fit several vectors, each taken at unit length."""
    arguments = {"weights": _weights(weights), "fusion": _value(fusion, Text())}
    return _matches("search_vectors", _vectors(vectors), options, **arguments)


def parse_query(expression: str) -> TableValuedAlias:
    """The terms of a query expression in order: kind (text, image or file), body, image_id and weight."""
    terms: TableValuedAlias = sa.func.clipsql_private.parse_query(_value(expression, Text())).table_valued(
        sa.column("position", Integer),
        sa.column("kind", Text),
        sa.column("body", Text),
        sa.column("image_id", BigInteger),
        sa.column("weight", Double),
        name="terms",
    )
    return terms


def image_vector(of_image: int | ColumnElement[int], *, model: str | None = None) -> ColumnElement[Any]:
    """clipsql.image_vector: the stored unit-length embedding of a picture."""
    return sa.func.clipsql.image_vector(_value(of_image, BigInteger()), _value(model, Text()), type_=VECTOR())


def mix(
    vectors: Sequence[Sequence[float] | ColumnElement[Any]], *, weights: Sequence[float] | None = None
) -> ColumnElement[Any]:
    """clipsql.mix: the weighted sum of vectors as they are; weights default to 1, negative ones push away."""
    return sa.func.clipsql.mix(_vectors(vectors), _weights(weights), type_=VECTOR())


def search_plan(
    query: Sequence[float] | ColumnElement[Any], **options: Unpack[SearchOptions]
) -> TableValuedAlias:
    """The row of clipsql.search_plan: how `search` answers with the same arguments, and why."""
    plan: TableValuedAlias = _call("search_plan", _vector(query), options).table_valued(
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


def _call(function: str, subject: ColumnElement[Any], options: Filters, **others: ColumnElement[Any]) -> Any:
    _refuse_unclear(options)
    arguments = [
        _Named(name, _value(value, _TYPES[name])) for name, value in options.items() if value is not None
    ]
    arguments += [_Named(name, value) for name, value in others.items()]
    return getattr(sa.func.clipsql, function)(subject, *arguments)


def _matches(
    function: str,
    subject: ColumnElement[Any],
    options: SearchOptions,
    *further: ColumnElement[Any],
    **others: ColumnElement[Any],
) -> TableValuedAlias:
    matches: TableValuedAlias = _call(function, subject, options, **others).table_valued(
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
    return sa.func.array_cat(_value(first, ARRAY(BigInteger)), _value(list(more), ARRAY(BigInteger)))


def _refuse_unclear(options: Filters) -> None:
    """Raise InvalidArgument for what PostgreSQL would misread, or refuse before clipsql's functions see it."""
    for name in ("taken_from", "taken_until"):
        moment = options.get(name)
        if isinstance(moment, dt.datetime) and moment.tzinfo is None:
            raise InvalidArgument(f"{name} ({moment}) has no time zone; give an aware datetime.")
    inside = options.get("inside")
    if inside is not None and len(inside) < 3:
        raise InvalidArgument(f"inside must have 3 vertices or more, not {len(inside)}.")


def _vectors(values: Sequence[Sequence[float] | ColumnElement[Any]]) -> ColumnElement[Any]:
    return sa.cast(sa.dialects.postgresql.array([_vector(value) for value in values]), ARRAY(VECTOR()))


def _weights(values: Sequence[float] | None) -> ColumnElement[Any]:
    return _value(None if values is None else [float(value) for value in values], ARRAY(Double))


def _vector(value: Sequence[float] | ColumnElement[Any]) -> ColumnElement[Any]:
    is_sql = isinstance(value, ColumnElement) or hasattr(value, "__clause_element__")
    if not is_sql and not (len(value) > 0 and all(map(math.isfinite, value))):
        raise InvalidVector("A query vector must have finite numbers, and at least one.")
    return _value(value, VECTOR())


def _value(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    if hasattr(value, "__clause_element__"):  # an attribute of a mapped class
        value = value.__clause_element__()
    if isinstance(value, sa.Select):
        return sa.func.array(value.scalar_subquery(), type_=type_)
    if isinstance(value, ColumnElement):
        return value
    return sa.cast(sa.literal(value, type_), type_) if value is not None else sa.cast(sa.null(), type_)
