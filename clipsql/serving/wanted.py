"""The search that a gallery's URL says."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from clipsql.db.calls.arguments import Filters
from clipsql.errors import InvalidArgument

PAGE = 60
"""Pictures on a page, and so many more with each "more"."""
MOST_FOUND = 1000
"""Of so many, the best, facets are counted."""
METADATA = "m."
"""What the names of metadata begin with in a URL: m.camera=K1."""

_MOST_NAMES = 8
_TEXT_FILTERS = (
    "in_collection",
    "taken_from",
    "taken_until",
    "daily_from",
    "daily_until",
    "caption_query",
    "having_label",
)
_TEXTS = ("query", "picture", *_TEXT_FILTERS)
NUMBERS = (
    "near_longitude",
    "near_latitude",
    "within_m",
    "min_similarity",
    "min_percentile",
    "distinct_above",
)
FILTERS = (*_TEXT_FILTERS, *NUMBERS)
"""Filters that SQL knows by these names."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A search as the URL has it, under the names that SQL has; times without an offset, and of the day, are UTC.

    `picture` is the vector of a picture that was dropped, in half precision. `only_images` are those picked by hand.
    Under `by_date` the best `shown` stand in the order of their times, with `scored_by` in that of the stored scores of
    a query of clipsql.model_query. `in_regions` finds pictures by their nearest region, of `having_label` where that is
    given.
    """

    query: str = ""
    picture: str = ""
    in_collection: str = ""
    taken_from: str = ""
    taken_until: str = ""
    daily_from: str = ""
    daily_until: str = ""
    caption_query: str = ""
    having_label: str = ""
    near_longitude: float | None = None
    near_latitude: float | None = None
    within_m: float | None = None
    min_similarity: float | None = None
    min_percentile: float | None = None
    distinct_above: float | None = None
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only_images: Sequence[int] = ()
    in_regions: bool = False
    by_date: bool = False
    scored_by: int | None = None
    shown: int = PAGE

    @classmethod
    def read(cls, params: QueryParams) -> Self:
        """What the URL says. Raises InvalidArgument, which names the part that cannot be read."""
        values: dict[str, Any] = {name: params.get(name, "").strip() for name in _TEXTS}
        for name in NUMBERS:
            if given := params.get(name, "").strip():
                values[name] = _number(name, given)
        for name in ("taken_from", "taken_until"):
            if values[name]:
                values[name] = _instant(name, values[name])
        for name in ("daily_from", "daily_until"):
            if values[name]:
                values[name] = _hour(name, values[name])
        if given := params.get("only_images", ""):
            values["only_images"] = tuple(_id("only_images", part) for part in given.split(","))
        if given := params.get("scored_by", ""):
            values["scored_by"] = _id("scored_by", given, most=2**31 - 1)
        values["in_regions"] = params.get("search_in") == "regions"
        for name in ("min_percentile", "distinct_above"):
            if values["in_regions"] and name in values:
                raise InvalidArgument(f"{name} is of whole pictures; leave it out where parts are searched.")
        if values["having_label"] and not values["in_regions"]:
            raise InvalidArgument("having_label is of parts of pictures; search in these, or leave it out.")
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
        pairs: list[tuple[str, Any]] = [(name, getattr(self, name)) for name in (*_TEXTS, *NUMBERS)]
        pairs += [(METADATA + name, value) for name, values in self.metadata.items() for value in values]
        pairs.append(("only_images", ",".join(map(str, self.only_images))))
        if self.in_regions:
            pairs.append(("search_in", "regions"))
        if self.by_date:
            pairs.append(("order", "date"))
        pairs.append(("scored_by", self.scored_by))
        if self.shown != PAGE:
            pairs.append(("shown", self.shown))
        return [(name, short(value)) for name, value in pairs if value not in ("", None)]

    def url(self, path: str = "/", **changes: Any) -> str:
        """The path with this search, changed so."""
        said = urlencode(replace(self, **changes).pairs())
        return f"{path}?{said}" if said else path

    def of_parts(self, in_regions: bool) -> Self:
        """The same among parts of pictures, or whole pictures, without what only the other has."""
        return replace(
            self,
            in_regions=in_regions,
            having_label="",
            min_percentile=None,
            distinct_above=None,
            scored_by=None,
            shown=PAGE,
        )

    def like(self, picture: str, *, in_regions: bool) -> Self:
        """Pictures like one, which is a vector as `picture` has it, that pass the same filters."""
        return replace(
            self.of_parts(in_regions),
            query="",
            picture=picture,
            min_similarity=None,
            only_images=(),
            by_date=False,
        )

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
        """Whether a watch looks for the same: it takes a query, no parts, no picked pictures, no past times."""
        return bool(self.query and not (self.picture or self.only_images or self.in_regions))

    def filters(self) -> Filters:
        """The filters that a watch takes, whose hours are of UTC."""
        given: dict[str, Any] = {
            name: getattr(self, name) or None for name in ("in_collection", "caption_query")
        }
        given |= {name: getattr(self, name) for name in ("near_longitude", "near_latitude", "within_m")}
        for name in ("daily_from", "daily_until"):
            if hour := getattr(self, name):
                given[name] = dt.time.fromisoformat(hour)
        if self.metadata:
            given["metadata_matches"] = self.metadata_path
        return cast(Filters, {name: value for name, value in given.items() if value is not None})

    def times(self) -> Filters:
        """From when, and until when, as a count takes it."""
        given = {name: getattr(self, name) for name in ("taken_from", "taken_until")}
        return cast(
            Filters, {name: dt.datetime.fromisoformat(value) for name, value in given.items() if value}
        )

    @property
    def metadata_path(self) -> str:
        """The chosen values of the metadata as a JSON path: any of one name, all of several."""
        groups = []
        for name, values in self.metadata.items():
            key = f"$.{json.dumps(name, ensure_ascii=False)}"
            either = [f"{key} == {json.dumps(value, ensure_ascii=False)}" for value in values]
            either += [f"{key} == {value}" for value in values if _is_plain(value)]
            groups.append("(" + " || ".join(either) + ")")
        return " && ".join(groups)


def short(value: Any) -> str:
    """A number as a URL has it."""
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


def _hour(name: str, given: str) -> str:
    try:
        hour = dt.time.fromisoformat(given)
    except ValueError:
        hour = dt.time(tzinfo=dt.UTC)
    if hour.tzinfo is not None or hour.second or hour.microsecond:
        raise InvalidArgument(f"{name} is {given[:50]!r}, which is no time of day in UTC; write it as 22:00.")
    return f"{hour:%H:%M}"


def _id(name: str, part: str, *, most: int = 2**63 - 1) -> int:
    if not (part.isascii() and part.isdigit()) or len(part) > 19 or not 0 < int(part) <= most:
        raise InvalidArgument(f"{name} has {part[:50]!r}; write numbers, as in 17,42.")
    return int(part)
