"""Count what pictures show from an application's own code: the part of a `Searcher` that is about verdicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from clipsql.db.calls import counting, searches
from clipsql.db.calls.arguments import Filters, refuse_unknown
from clipsql.db.calls.counting import CountOptions
from clipsql.db.transactions import writing
from clipsql.errors import TextEncoderUnavailable
from clipsql.search.asking import ask
from clipsql.search.embedding import QueryEmbedder, numbers


@dataclass(frozen=True, kw_only=True)
class MatchCount:
    """How many of the `pictures` of a time match: between `low` and `high` in 95 of 100 cases.

    All three are None before ten pictures were `checked` in their order. `above` are those that are similar enough,
    right or wrong; None where no similarity was asked for. `bucket` is when the time begins, None for all times, or for
    pictures of which it is not known.
    """

    bucket: dt.datetime | None
    matches: float | None
    low: float | None
    high: float | None
    checked: int
    above: int | None
    pictures: int


@dataclass(frozen=True, kw_only=True)
class PictureToCheck:
    """A picture that somebody should look at, so that matches can be counted; in the order of `rank`."""

    rank: int
    image_id: int
    similarity: float
    url: str
    taken_at: dt.datetime | None


class MatchCounter(QueryEmbedder):
    """Counts matches by verdicts of people, and picks what they should look at."""

    _timezone: str | None = None

    def count_matches(
        self,
        query: str,
        *,
        by: str = "day",
        query_vector: Sequence[float] | NDArray[np.float32] | None = None,
        **options: Unpack[CountOptions],
    ) -> list[MatchCount]:
        """How many pictures match, by hour, day, week, month or year, or all together, with an interval.

        The query is as for `search_query`. Raises InvalidArgument.
        """
        refuse_unknown(options, CountOptions)

        def called(
            query_vector: list[float] | ColumnElement[Any] | None, options: Filters
        ) -> TableValuedAlias:
            return counting.count_matches(
                query, by=by, query_vector=query_vector, **cast(CountOptions, options)
            )

        return [MatchCount(**row) for row in self._drawn(called, "bucket", query, query_vector, options)]

    def next_to_check(
        self,
        query: str,
        *,
        max_results: int = 10,
        query_vector: Sequence[float] | NDArray[np.float32] | None = None,
        **options: Unpack[Filters],
    ) -> list[PictureToCheck]:
        """Pictures whose checking tells most of how many match; tell `judge_match` what they show, in this order.

        Raises InvalidArgument.
        """
        refuse_unknown(options, Filters)

        def called(
            query_vector: list[float] | ColumnElement[Any] | None, options: Filters
        ) -> TableValuedAlias:
            return counting.next_to_check(
                query, max_results=max_results, query_vector=query_vector, **options
            )

        found = self._drawn(called, "rank", query, query_vector, options)
        return [PictureToCheck(**row) for row in found]

    def judge_match(self, query: str, image: int, is_right: bool | None) -> None:
        """Say whether a picture is what a query looks for; None takes that back. Raises UnknownImage, InvalidText."""
        with writing(self._database) as connection:
            connection.execute(sa.select(counting.judge_match(query, image, is_right)))

    def _drawn(
        self,
        called: Callable[[list[float] | ColumnElement[Any] | None, Filters], TableValuedAlias],
        order: str,
        query: str,
        query_vector: Sequence[float] | NDArray[np.float32] | None,
        options: Filters,
    ) -> list[dict[str, Any]]:
        """Rows of a call, for which what the database cannot embed is embedded here."""
        options = cast(Filters, {"model": self.model.name, **options})

        def rows(query_vector: list[float] | ColumnElement[Any] | None) -> list[dict[str, Any]]:
            found = called(query_vector, options)
            return ask(self._database, found, found.c[order], options=options, timezone=self._timezone)

        vector = None if query_vector is None else numbers(query_vector)
        terms = self._terms(query) if vector is None else ()
        if all(term.kind != "file" for term in terms):
            try:
                return rows(vector)
            except TextEncoderUnavailable:
                pass
        pictures = [term.image_id for term in terms if term.kind == "image"]
        options["except_images"] = searches.ids(options.get("except_images"), pictures)
        return rows(searches.mix(self._term_vectors(terms), weights=[term.weight for term in terms]))
