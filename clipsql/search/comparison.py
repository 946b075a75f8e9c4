"""Compare two models by what queries find: how different they are, how good, and which pictures one of them lacks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import sqlalchemy as sa

from clipsql.db.calls import comparing
from clipsql.db.models import require_model
from clipsql.db.shadows import Coverage, ModelFailure, coverage, model_failures
from clipsql.db.transactions import Database, reading

_Z = 1.959963984540054
"""Of 100 intervals so many standard errors wide, 95 hold the truth."""
_MOST_FAILURES = 10


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a picture stands under each model, from 1; None where it is not among the first."""

    image_id: int
    old_rank: int | None
    new_rank: int | None


@dataclass(frozen=True, kw_only=True)
class ComparedQuery:
    """What a query finds under each of two models, nearest first; `image_id` is the picture that a caption is of.

    `overlap` is the share of results in common, `rank_biased_overlap` that in which first ones count most; both are
    None where neither model finds a picture.
    """

    query: str
    image_id: int | None
    overlap: float | None
    rank_biased_overlap: float | None
    old_images: Sequence[int]
    new_images: Sequence[int]

    @property
    def moves(self) -> list[Move]:
        """Where each picture that either model finds stands, in the order of the new one, then of the old."""
        old = {image_id: rank for rank, image_id in enumerate(self.old_images, start=1)}
        new = {image_id: rank for rank, image_id in enumerate(self.new_images, start=1)}
        return [
            Move(image_id=image_id, old_rank=old.get(image_id), new_rank=new.get(image_id))
            for image_id in dict.fromkeys([*self.new_images, *self.old_images])
        ]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A share, or a difference of two: between `low` and `high` in 95 of 100 cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """Two models by what `queries` find, `max_results` each, and by the pictures that the new one lacks.

    `failures` are the first of the pictures that could not be had or read for it.
    """

    old: str
    new: str
    max_results: int
    queries: Sequence[ComparedQuery]
    coverage: Coverage
    failures: Sequence[ModelFailure]

    @property
    def overlap(self) -> float | None:
        """Mean share of results in common; None without any."""
        return _mean(query.overlap for query in self.queries)

    @property
    def rank_biased_overlap(self) -> float | None:
        """Mean rank-biased overlap; None without any results."""
        return _mean(query.rank_biased_overlap for query in self.queries)

    @property
    def captions(self) -> int:
        """How many of the queries are captions whose picture is known."""
        return len(self._found)

    @property
    def old_recall(self) -> Interval | None:
        """Share of captions whose picture the old model finds; None without captions."""
        return _share([old for old, _ in self._found])

    @property
    def new_recall(self) -> Interval | None:
        """Share of captions whose picture the new model finds; None without captions."""
        return _share([new for _, new in self._found])

    @property
    def gain(self) -> Interval | None:
        """By how much the new model's recall is greater, of the same captions; None without captions.

        Agresti and Min 2005: both counts of captions that one model alone finds are taken half a caption greater.
        """
        if not self._found:
            return None
        count = len(self._found) + 2
        gained = sum(new and not old for old, new in self._found) + 0.5
        lost = sum(old and not new for old, new in self._found) + 0.5
        middle = (gained - lost) / count
        half = _Z * math.sqrt(gained + lost - (gained - lost) ** 2 / count) / count
        difference = (gained - lost) / len(self._found)
        return Interval(value=difference, low=max(-1.0, middle - half), high=min(1.0, middle + half))

    @cached_property
    def _found(self) -> list[tuple[bool, bool]]:
        """Of each caption whether each model finds its picture."""
        return [
            (query.image_id in query.old_images, query.image_id in query.new_images)
            for query in self.queries
            if query.image_id is not None
        ]


def compare_models(
    database: Database, old: str, new: str, *, queries: Sequence[str] | None = None, max_results: int = 10
) -> ModelComparison:
    """What becomes of `queries`, or of what one's watches look for and of captions, under another model.

    Raises UnknownModel, InvalidArgument, InvalidText; TextEncoderUnavailable for a text that SQL cannot embed.
    """
    first, second = require_model(database, old), require_model(database, new)
    compared = []
    for some in _batches(queries):
        call = comparing.compare_models(first.name, second.name, queries=some, max_results=max_results)
        with reading(database) as connection:
            compared += [ComparedQuery(**row) for row in connection.execute(sa.select(call)).mappings()]
    return ModelComparison(
        old=first.name,
        new=second.name,
        max_results=max_results,
        queries=compared,
        coverage=coverage(database, first, second),
        failures=model_failures(database, second, most=_MOST_FAILURES),
    )


def _batches(queries: Sequence[str] | None) -> Iterator[Sequence[str] | None]:
    if queries is None:
        yield None
        return
    for start in range(0, len(queries), comparing.MOST_QUERIES):
        yield queries[start : start + comparing.MOST_QUERIES]


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _share(found: Sequence[bool]) -> Interval | None:
    """The share, with Wilson's interval."""
    if not found:
        return None
    count, share = len(found), fmean(found)
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))
