"""Arguments of clipsql's SQL functions: the options of a search, their types, and how Python's values become them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import BigInteger, Double, Integer, Interval, Text, Time, TypeEngine, UserDefinedType

from clipsql.errors import InvalidArgument, InvalidVector


class Filters(TypedDict, total=False):
    """Which pictures a question is about, and under which model: what is not given does not filter.

    Times are aware datetimes, `daily_from` and `daily_until` times of each day in the session's time zone, positions
    WGS 84 degrees, distances metres, `inside` (longitude, latitude) vertices, `metadata_matches` a JSON path that is
    true or false: '$.price < 50 && $.brand == "x"'. An empty text does not filter either.
    `only_images` and `except_images` may be ids or a select of ids.
    """

    in_collection: str | None
    taken_from: dt.datetime | None
    taken_until: dt.datetime | None
    daily_from: dt.time | None
    daily_until: dt.time | None
    near_longitude: float | None
    near_latitude: float | None
    within_m: float | None
    inside: Sequence[tuple[float, float]] | None
    having_metadata: Mapping[str, Any] | None
    metadata_matches: str | None
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


Fusion = Literal["weighted sum", "mean similarity", "minimum similarity"] | str
"""How a picture's similarities to the terms of a query become one; see clipsql.search_vectors. Others are learned."""

FUSIONS = ("weighted sum", "mean similarity", "minimum similarity")


class _SentAsText:
    """A type whose values travel as text, which every driver can send: asyncpg takes polygons of its own only."""

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> ColumnElement[Any]:
        return sa.cast(bindvalue, Text())


class BoundVector(_SentAsText, VECTOR):
    """pgvector's vector as an argument, whether or not the connection knows the type."""

    cache_ok = True


class _Polygon(_SentAsText, UserDefinedType[Sequence[tuple[float, float]]]):
    """PostgreSQL's polygon, from (x, y) vertices."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "polygon"

    def bind_processor(self, _dialect: sa.Dialect) -> Any:
        return lambda vertices: "(" + ",".join(f"({float(x)!r},{float(y)!r})" for x, y in vertices) + ")"


class _JsonPath(UserDefinedType[str]):
    """PostgreSQL's jsonpath, from text that clipsql reads: what is wrong with it is an InvalidArgument."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "jsonpath"

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> ColumnElement[Any]:
        return sa.func.clipsql_private.read_path(sa.cast(bindvalue, Text()), type_=self)


_TYPES: dict[str, TypeEngine[Any]] = {
    "max_results": Integer(),
    "in_collection": Text(),
    "taken_from": TIMESTAMP(timezone=True),
    "taken_until": TIMESTAMP(timezone=True),
    "daily_from": Time(),
    "daily_until": Time(),
    "near_longitude": Double(),
    "near_latitude": Double(),
    "within_m": Double(),
    "inside": _Polygon(),
    "having_metadata": JSONB(),
    "metadata_matches": _JsonPath(),
    "caption_query": Text(),
    "only_images": ARRAY(BigInteger),
    "except_images": ARRAY(BigInteger),
    "min_similarity": Double(),
    "min_percentile": Double(),
    "distinct_above": Double(),
    "model": Text(),
    "text_weight": Double(),
    "vector_weight": Double(),
    "query_vector": BoundVector(),
    "having_label": Text(),
    "alarms_per_day": Double(),
    "once_per": Interval(),
    "max_gap": Interval(),
    "once_per_key": Text(),
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


def sql_call(
    function: str,
    subject: ColumnElement[Any],
    options: Filters,
    kind: type[Filters] = Filters,
    **others: ColumnElement[Any],
) -> Any:
    """A call of a function of clipsql: what it is about first, the options that are given by their names.

    Raises TypeError for an option that is not of that kind.
    """
    return getattr(sa.func.clipsql, function)(subject, *sql_arguments(options, kind, **others))


def sql_arguments(
    options: Filters, kind: type[Filters], **others: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """Options that are given, and others, in named notation. Raises TypeError for one that is not of that kind."""
    refuse_unknown(options, kind)
    _refuse_unclear(options)
    given = {name: sql_value(value, _TYPES[name]) for name, value in options.items() if value is not None}
    return [_Named(name, value) for name, value in {**given, **others}.items()]


def refuse_unknown(options: Mapping[str, Any], kind: type) -> None:
    """Raise TypeError, which lists the options that there are, for one that is not of that kind."""
    unknown = [name for name in options if name not in kind.__annotations__]
    if unknown:
        raise TypeError(
            f"there is no option {', '.join(unknown)}; there are: {', '.join(sorted(kind.__annotations__))}"
        )


def sql_filter(options: Filters) -> ColumnElement[Any]:
    """All filters in one row, as clipsql's own functions make it, without the model."""
    _refuse_unclear(options)
    given: dict[str, Any] = {**options}
    names = [name for name in Filters.__annotations__ if name != "model"]
    arguments = [_Named(name, sql_value(given.get(name), _TYPES[name])) for name in names]
    return sa.func.clipsql_private.make_filter(*arguments, type_=Text())


def _refuse_unclear(options: Filters) -> None:
    """Raise InvalidArgument for what PostgreSQL would misread, or refuse before clipsql's functions see it."""
    for name in ("taken_from", "taken_until"):
        moment = options.get(name)
        if isinstance(moment, dt.datetime) and moment.tzinfo is None:
            raise InvalidArgument(f"{name} ({moment}) has no time zone; give an aware datetime.")
    for name in ("daily_from", "daily_until"):
        time = options.get(name)
        if isinstance(time, dt.time) and time.tzinfo is not None:
            raise InvalidArgument(
                f"{name} ({time}) has a time zone; times of the day are in that of the session, so give a naive one."
            )
    inside = options.get("inside")
    if inside is not None and len(inside) < 3:
        raise InvalidArgument(f"inside must have 3 vertices or more, not {len(inside)}.")


def sql_vectors(values: Sequence[Sequence[float] | ColumnElement[Any]]) -> ColumnElement[Any]:
    """Vectors as an array of them."""
    return sql_array([sql_vector(value) for value in values])


def sql_array(vectors: Sequence[Sequence[float] | ColumnElement[Any] | None]) -> ColumnElement[Any]:
    """Vectors, some of which may be absent, as an array: no driver binds a list of vectors."""
    return sa.cast(
        sa.dialects.postgresql.array([sql_value(vector, BoundVector()) for vector in vectors]),
        ARRAY(VECTOR()),
    )


def sql_weights(values: Sequence[float] | None) -> ColumnElement[Any]:
    """Weights as an array, null when there are none."""
    return sql_value(None if values is None else [float(value) for value in values], ARRAY(Double))


def sql_vector(value: Sequence[float] | ColumnElement[Any]) -> ColumnElement[Any]:
    """Numbers as a vector. Raises InvalidVector for what is none."""
    if isinstance(value, ColumnElement) or hasattr(value, "__clause_element__"):
        return sql_value(value, BoundVector())
    return sql_value(sql_numbers(value, "A query vector"), BoundVector())


def sql_numbers(vector: Sequence[float] | NDArray[np.floating[Any]], called: str) -> list[float]:
    """Numbers of a vector as PostgreSQL takes them. Raises InvalidVector for what is none."""
    numbers = [float(value) for value in vector]
    if not (numbers and all(map(math.isfinite, numbers))):
        raise InvalidVector(f"{called} must have finite numbers, and at least one.")
    return numbers


def sql_value(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """A value as a typed argument: a plain one is bound, a select gives an array of its rows, SQL stays as it is."""
    if hasattr(value, "__clause_element__"):  # an attribute of a mapped class
        value = value.__clause_element__()
    if isinstance(value, sa.Select):
        return sa.func.array(value.scalar_subquery(), type_=type_)
    if isinstance(value, ColumnElement):
        return value
    return sa.cast(sa.literal(value, type_), type_) if value is not None else sa.cast(sa.null(), type_)
