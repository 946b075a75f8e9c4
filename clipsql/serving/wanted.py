"""The search that a gallery's URL says, and the SQL that it is: what is shown is what this SQL gives anybody."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast
from urllib.parse import urlencode

from psycopg import sql
from starlette.datastructures import QueryParams

from clipsql.db.calls.arguments import Filters
from clipsql.errors import InvalidArgument
from clipsql.serving.picture_vector import read_vector

PAGE = 60
"""Pictures on a page, and so many more with each "more"."""
MOST_FOUND = 1000
"""Of so many, the best, facets are counted."""
METADATA = "m."
"""What the names of metadata begin with in a URL: m.camera=K1."""

_MOST_NAMES = 8
_TEXTS = ("query", "picture", "in_collection", "taken_from", "taken_until")
_NUMBERS = (
    "near_longitude",
    "near_latitude",
    "within_m",
    "min_similarity",
    "min_percentile",
    "distinct_above",
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A search as the URL has it, under the names that SQL has; times without an offset are UTC.

    `picture` is the vector of a picture that was dropped, in half precision. `only_images` are those picked by hand.
    Under `by_date` the best `shown` stand in the order of their times.
    """

    query: str = ""
    picture: str = ""
    in_collection: str = ""
    taken_from: str = ""
    taken_until: str = ""
    near_longitude: float | None = None
    near_latitude: float | None = None
    within_m: float | None = None
    min_similarity: float | None = None
    min_percentile: float | None = None
    distinct_above: float | None = None
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only_images: Sequence[int] = ()
    by_date: bool = False
    shown: int = PAGE

    @classmethod
    def read(cls, params: QueryParams) -> Self:
        """What the URL says. Raises InvalidArgument, which names the part that cannot be read."""
        values: dict[str, Any] = {name: params.get(name, "").strip() for name in _TEXTS}
        for name in _NUMBERS:
            if given := params.get(name, "").strip():
                values[name] = _number(name, given)
        for name in ("taken_from", "taken_until"):
            if values[name]:
                values[name] = _instant(name, values[name])
        if given := params.get("only_images", ""):
            values["only_images"] = tuple(_image(part) for part in given.split(","))
        names = dict.fromkeys(name for name in params if name.startswith(METADATA) and name != METADATA)
        if len(names) > _MOST_NAMES:  # each is counted by a search of its own
            raise InvalidArgument(
                f"The search chooses by {len(names)} names of metadata; at most {_MOST_NAMES} at once."
            )
        return cls(
            **values,
            metadata={name.removeprefix(METADATA): params.getlist(name) for name in names},
            by_date=params.get("order") == "date",
            shown=min(MOST_FOUND, max(PAGE, int(_number("shown", params.get("shown") or str(PAGE))))),
        )

    @property
    def has_question(self) -> bool:
        """Whether something is looked for, so that pictures have a similarity; otherwise they are just shown."""
        return bool(self.query or self.picture)

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as a URL or a form has them; what is not asked for is not among them."""
        pairs: list[tuple[str, Any]] = [(name, getattr(self, name)) for name in (*_TEXTS, *_NUMBERS)]
        pairs += [(METADATA + name, value) for name, values in self.metadata.items() for value in values]
        pairs.append(("only_images", ",".join(map(str, self.only_images))))
        if self.by_date:
            pairs.append(("order", "date"))
        if self.shown != PAGE:
            pairs.append(("shown", self.shown))
        return [(name, _short(value)) for name, value in pairs if value not in ("", None)]

    def url(self, path: str = "/", **changes: Any) -> str:
        """The path with this search, changed so."""
        said = urlencode(replace(self, **changes).pairs())
        return f"{path}?{said}" if said else path

    def with_value(self, name: str, value: str) -> Self:
        """The search with one value of the metadata more, or without it where it is chosen."""
        chosen = list(self.metadata.get(name, ()))
        chosen = [one for one in chosen if one != value] if value in chosen else [*chosen, value]
        others = {key: values for key, values in self.metadata.items() if key != name}
        return replace(self, metadata={**others, name: chosen} if chosen else others, shown=PAGE)

    def with_term(self, sign: str, image: int) -> Self:
        """The search with a stored picture as a further term."""
        term = f"image:{image}"
        first = term if sign == "+" else f"- {term}"
        return replace(self, query=f"{self.query} {sign} {term}" if self.query else first, shown=PAGE)

    def of(self, images: Sequence[int]) -> Self:
        """The search among these pictures alone, none of them folded."""
        return replace(
            self,
            only_images=tuple(images),
            distinct_above=None,
            shown=min(MOST_FOUND, max(PAGE, len(images))),
        )

    @property
    def can_be_watched(self) -> bool:
        """Whether a watch looks for the same: it takes a query, and neither picked pictures nor times that are over."""
        return bool(self.query and not self.picture and not self.only_images)

    def filters(self) -> Filters:
        """The filters that a watch takes."""
        given: dict[str, Any] = {"in_collection": self.in_collection or None}
        given |= {name: getattr(self, name) for name in ("near_longitude", "near_latitude", "within_m")}
        if self.metadata:
            given["metadata_matches"] = self._path()
        return cast(Filters, {name: value for name, value in given.items() if value is not None})

    def times(self) -> Filters:
        """From when, and until when, as a count takes it."""
        given = {name: getattr(self, name) for name in ("taken_from", "taken_until")}
        return cast(
            Filters, {name: dt.datetime.fromisoformat(value) for name, value in given.items() if value}
        )

    def statement(self, *, max_results: int, model: str | None, terms: Sequence[Any] = ()) -> sql.Composed:
        """The search as SQL: columns image_id, similarity, percentile, caption, taken_at, metadata, best first.

        `terms` are those of the query, as clipsql_private.parse_query has them; needed beside a picture.
        """
        if not self.has_question:
            return self._browsing(max_results)
        arguments: dict[str, sql.Composable] = {}
        if not self.picture:
            function, arguments["query"] = "search_query", sql.Literal(self.query)
        elif not self.query:
            function, arguments["query"] = "search", sql.Literal(read_vector(self.picture))
        else:
            function = "search_vectors"
            vectors = [_vector_of(term, model) for term in terms] + [sql.Literal(read_vector(self.picture))]
            arguments["vectors"] = sql.SQL("array[{}]").format(sql.SQL(", ").join(vectors))
            weights = [*(float(term.weight) for term in terms), 1.0]
            arguments["weights"] = sql.Literal("{" + ",".join(_short(weight) for weight in weights) + "}")
            pictures = [term.image_id for term in terms if term.image_id is not None]
            if pictures:
                arguments["except_images"] = _ids(pictures)
        arguments["max_results"] = sql.Literal(max_results)
        for name in ("in_collection", "taken_from", "taken_until", *_NUMBERS):
            if (value := getattr(self, name)) not in ("", None):
                arguments[name] = sql.Literal(value)
        if self.metadata:
            arguments["metadata_matches"] = sql.Literal(self._path())
        if self.only_images:
            arguments["only_images"] = _ids(self.only_images)
        if model is not None:
            arguments["model"] = sql.Literal(model)
        order = "s.taken_at desc nulls last, s.rank" if self.by_date else "s.rank"
        return sql.SQL(
            "select s.rank, s.image_id, s.similarity, s.percentile, s.caption, s.taken_at, s.metadata\n"
            "from clipsql.{}(\n    {}) as s\norder by {}"
        ).format(
            sql.SQL(function),
            sql.SQL(",\n    ").join(
                sql.SQL("{} => {}").format(sql.SQL(name), value) for name, value in arguments.items()
            ),
            sql.SQL(order),
        )

    def _browsing(self, max_results: int) -> sql.Composed:
        """All pictures that pass, the latest first; what is not embedded yet, too."""
        conditions = []
        for name, condition in (
            ("in_collection", "p.collection = {}"),
            ("taken_from", "p.taken_at >= {}"),
            ("taken_until", "p.taken_at < {}"),
        ):
            if value := getattr(self, name):
                conditions.append(sql.SQL(condition).format(sql.Literal(value)))
        if self.metadata:
            conditions.append(sql.SQL("p.metadata @@ {}").format(sql.Literal(self._path())))
        if self.only_images:
            conditions.append(sql.SQL("p.image_id = any ({})").format(_ids(self.only_images)))
        if None not in (self.near_longitude, self.near_latitude, self.within_m):
            conditions.append(
                sql.SQL("clipsql_private.distance_m(p.place[0], p.place[1], {}, {}) <= {}").format(
                    *(
                        sql.Literal(value)
                        for value in (self.near_longitude, self.near_latitude, self.within_m)
                    )
                )
            )
        where = (
            sql.SQL("\nwhere {}").format(sql.SQL("\n    and ").join(conditions))
            if conditions
            else sql.SQL("")
        )
        return sql.SQL(
            "select row_number() over newest as rank, p.image_id, null::float8 as similarity,\n"
            "    null::float8 as percentile, p.caption, p.taken_at, p.metadata\n"
            "from clipsql.picture as p{}\n"
            "window newest as (order by p.taken_at desc nulls last, p.image_id desc)\n"
            "order by rank\nlimit {}"
        ).format(where, sql.Literal(max_results))

    def _path(self) -> str:
        """The chosen values of the metadata as a JSON path: any of one name, all of several."""
        groups = []
        for name, values in self.metadata.items():
            key = f"$.{json.dumps(name, ensure_ascii=False)}"
            either = [f"{key} == {json.dumps(value, ensure_ascii=False)}" for value in values]
            either += [f"{key} == {value}" for value in values if _is_plain(value)]
            groups.append("(" + " || ".join(either) + ")")
        return " && ".join(groups)


def _vector_of(term: Any, model: str | None) -> sql.Composed:
    if term.kind == "file":
        raise InvalidArgument(
            f"Column {term.position} of the query: a file is chosen or dropped here, not written."
        )
    function = "embed_text" if term.kind == "text" else "image_vector"
    subject = sql.Literal(term.body if term.kind == "text" else term.image_id)
    under = sql.SQL("") if model is None else sql.SQL(", {}").format(sql.Literal(model))
    return sql.SQL("clipsql.{}({}{})").format(sql.SQL(function), subject, under)


def _ids(images: Sequence[int]) -> sql.Literal:
    return sql.Literal("{" + ",".join(map(str, images)) + "}")


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _is_plain(value: str) -> bool:
    """Whether it may be meant as JSON's true, false or a number, which a page shows like a text."""
    try:
        return isinstance(json.loads(value), bool | int | float) and value not in (
            "NaN",
            "Infinity",
            "-Infinity",
        )
    except (ValueError, RecursionError):
        return False


def _number(name: str, given: str) -> float:
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidArgument(f"{name} is {given[:50]!r}, which is no number.")
    return number


def _instant(name: str, given: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(given)
    except ValueError:
        raise InvalidArgument(
            f"{name} is {given[:50]!r}, which is no time; write it as 2026-03-18 or 2026-03-18T22:00."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).isoformat()


def _image(part: str) -> int:
    if not (part.isascii() and part.isdigit()) or not 0 < int(part[:19]) < 2**63 or len(part) > 19:
        raise InvalidArgument(f"only_images has {part[:50]!r}; write numbers of pictures, as in 17,42.")
    return int(part)
